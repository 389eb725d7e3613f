/// An agent that gathers many agents' requests and runs them as one kernel call.
#pragma once

#include <algorithm>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "myelin/actors/agent.hpp"
#include "myelin/actors/batch_policy.hpp"
#include "myelin/actors/batch_statistics.hpp"

namespace myelin {

/// One request that a kernel is to answer.
template <class Request, class Answer>
struct KernelCall {
  Held<Request> request;
  Reply<Answer> reply;
  TimePoint arrived;
};

/// The numeric work of a kernel actor. Held by the actor and by calls in flight, which may outlive the actor.
template <class Request, class Answer>
class BatchKernel {
 public:
  using Call = KernelCall<Request, Answer>;
  virtual ~BatchKernel() = default;

  /// Answers, or fails, every call. What is left unanswered fails with Errc::no_reply.
  /// **Thread-safety**: called on any thread, but by one kernel actor one call at a time.
  virtual void run(std::span<Call> calls) = 0;
};

/// Takes requests, one by one or in batches, and runs them together as its policy says. While the kernel runs, the next
/// batch gathers.
template <class Request, class Answer>
class KernelActor : public Agent {
 public:
  using Kernel = BatchKernel<Request, Answer>;
  using Call = KernelCall<Request, Answer>;

  /// `statistics` may be null. **Requires**: kernel is not null; policy.max_batch >= 1.
  explicit KernelActor(std::shared_ptr<Kernel> kernel, const BatchPolicy& policy = {},
                       std::shared_ptr<BatchStatistics> statistics = nullptr)
      : kernel_{std::move(kernel)},
        policy_{policy},
        statistics_{statistics != nullptr ? std::move(statistics) : std::make_shared<BatchStatistics>()} {
    policy_.max_batch = std::max<std::size_t>(1, policy_.max_batch);
  }

  static void handlers(Handlers<KernelActor>& on) { on.template message<&KernelActor::request>(); }

  void on_turn_end() override { work(); }

 private:
  void request(Held<Request> request, Reply<Answer> reply) {
    if (waiting_.size() >= policy_.max_waiting) {
      statistics_->count_refused();
      reply.fail({Errc::overloaded, "too many requests wait for this kernel: ask fewer at once, or raise max_waiting"});
      return;
    }
    earliest_deadline_ = std::min(earliest_deadline_, reply.wanted() ? reply.deadline() : kNever);
    waiting_.push_back({std::move(request), std::move(reply), now()});
  }

  /// Runs what the policy says, until it says wait.
  void work() {
    const TimePoint began = waiting_.empty() ? TimePoint{} : now();
    while (!waiting_.empty()) {
      const TimePoint moment = now();
      if (moment - began > kInlineTurnMax) {
        // Many short calls make a long turn: let others have the thread, and go on.
        look_again_at(moment, moment);
        return;
      }
      const std::size_t size = std::min(waiting_.size(), policy_.max_batch);
      const BatchDecision decision = decide(policy_,
                                            {.waiting = waiting_.size(),
                                             .oldest_arrival = waiting_.front().arrived,
                                             .earliest_deadline = earliest_deadline_,
                                             .kernel_busy = busy_,
                                             .expected_run = expected_run(size)},
                                            moment);
      if (decision.run == 0) {
        look_again_at(decision.look_again, moment);
        return;
      }
      std::vector<Call> batch = take(decision.run, moment);
      if (batch.empty()) continue;  // all had expired
      const bool offloaded = expected_run(batch.size()) > policy_.inline_below;
      statistics_->count_batch(batch.size(), decision.reason, offloaded);
      if (offloaded) {
        start(std::move(batch));
      } else {
        finish(batch.size(), run(*kernel_, batch));
      }
    }
  }

  /// The oldest `count` requests, without those that nobody waits for any more.
  [[nodiscard]] std::vector<Call> take(std::size_t count, TimePoint moment) {
    std::vector<Call> batch;
    batch.reserve(count);
    for (; count > 0; --count) {
      Call call = std::move(waiting_.front());
      waiting_.pop_front();
      if (call.reply.wanted() && (call.reply.deadline() <= moment || call.reply.cancelled())) {
        statistics_->count_expired();
        call.reply.fail({Errc::timeout, "the deadline passed while the request waited for the kernel"});
      } else {
        batch.push_back(std::move(call));
      }
    }
    earliest_deadline_ = kNever;
    if (waiting_.size() < policy_.max_batch) {  // with more the policy does not ask for it, and they may be many
      for (const Call& call : waiting_) {
        if (call.reply.wanted()) earliest_deadline_ = std::min(earliest_deadline_, call.reply.deadline());
      }
    }
    return batch;
  }

  void start(std::vector<Call> batch) {
    busy_ = true;
    const std::size_t size = batch.size();
    offload(
        [kernel = kernel_, batch = std::make_shared<std::vector<Call>>(std::move(batch))] {
          const Duration took = run(*kernel, *batch);
          batch->clear();  // on this thread, so that nobody waits for its destruction
          return took;
        },
        [this, size](Duration took) {
          busy_ = false;
          finish(size, took);
          // The end of this turn looks at what has gathered meanwhile.
        });
  }

  [[nodiscard]] static Duration run(Kernel& kernel, std::vector<Call>& batch) {
    const Clock::time_point began = Clock::now();
    try {
      kernel.run(batch);
    } catch (const std::exception& exception) {
      for (Call& call : batch) call.reply.fail({Errc::handler_failed, exception.what()});
    }
    return Clock::now() - began;
  }

  void finish(std::size_t size, Duration took) {
    statistics_->count_run(took);
    const double per_request = static_cast<double>(took.count()) / static_cast<double>(size);
    // Follows changes within some ten calls, and one slow call does not decide.
    nanoseconds_per_request_ =
        nanoseconds_per_request_ == 0 ? per_request : 0.9 * nanoseconds_per_request_ + 0.1 * per_request;
  }

  [[nodiscard]] Duration expected_run(std::size_t size) const noexcept {
    return Duration{static_cast<std::int64_t>(nanoseconds_per_request_ * static_cast<double>(size))};
  }

  void look_again_at(TimePoint moment, TimePoint present) {
    if (moment == kNever || moment >= look_again_) return;
    look_again_ = moment;
    after(moment - present, [this] { look_again_ = kNever; });  // the end of that turn decides
  }

  /// How long one turn may run short calls, one after another.
  static constexpr Duration kInlineTurnMax = std::chrono::milliseconds{1};

  std::shared_ptr<Kernel> kernel_;
  BatchPolicy policy_;
  std::shared_ptr<BatchStatistics> statistics_;
  std::deque<Call> waiting_;
  TimePoint earliest_deadline_ = kNever;
  TimePoint look_again_ = kNever;
  bool busy_ = false;
  double nanoseconds_per_request_ = 0;
};

}  // namespace myelin
