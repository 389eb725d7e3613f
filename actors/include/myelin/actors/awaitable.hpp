/// What the coroutines of an agent wait for: answers, moments, and work on other threads.
#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "myelin/actors/continuation.hpp"
#include "myelin/actors/task.hpp"

namespace myelin {

namespace detail {

/// Has the agent forget a question or a timer, whose continuation is dropped.
void forget(Agent& agent, CorrelationId id, bool is_timer) noexcept;

/// One entry of the agent's table of answers and moments to come. Begun when it is made; may be moved until something
/// waits for it; destroyed before its time it is cancelled.
class Pending {
 public:
  /// Lies in the table, and finds its way to wherever the Pending was moved.
  class Link final : public Continuation {
   public:
    // Destroyed with the agent's table, while the Pending lives on in a part of the agent that is taken over.
    ~Link() override {
      if (pending != nullptr) pending->link_ = nullptr;
    }
    void resume(Result<Frame> outcome) override { pending->arrive(std::move(outcome)); }
    Pending* pending = nullptr;
  };

  Pending(Agent& agent, CorrelationId id, Link& link, bool is_timer) noexcept
      : agent_{&agent}, link_{&link}, id_{id}, is_timer_{is_timer} {
    link.pending = this;
  }
  Pending(Pending&& other) noexcept
      : agent_{other.agent_},
        link_{std::exchange(other.link_, nullptr)},
        id_{std::exchange(other.id_, 0)},
        is_timer_{other.is_timer_},
        outcome_{std::move(other.outcome_)} {
    if (link_ != nullptr) link_->pending = this;
  }
  Pending& operator=(Pending&&) = delete;
  ~Pending() { cancel(); }

  [[nodiscard]] bool ready() const noexcept { return id_ == 0; }
  [[nodiscard]] bool failed() const noexcept { return false; }
  void begin(Waker& waker) noexcept { waker_ = &waker; }
  void cancel() noexcept {
    if (link_ != nullptr) std::exchange(link_, nullptr)->pending = nullptr;
    if (id_ != 0) forget(*agent_, std::exchange(id_, 0), is_timer_);
  }

 protected:
  [[nodiscard]] Result<Frame> take_outcome() noexcept { return std::move(outcome_); }

 private:
  void arrive(Result<Frame>&& outcome) {
    outcome_ = std::move(outcome);
    std::exchange(link_, nullptr)->pending = nullptr;
    id_ = 0;
    if (waker_ != nullptr) waker_->wake();  // may be the end of this
  }

  Agent* agent_;
  Link* link_;
  CorrelationId id_;
  bool is_timer_;
  Waker* waker_ = nullptr;
  Result<Frame> outcome_;
};

/// What a job on another thread and the one that waits for it share.
template <class Value>
struct JobState {
  std::variant<std::monostate, std::conditional_t<std::is_void_v<Value>, std::true_type, Value>, std::exception_ptr>
      result;
  bool done = false;  // this and the next: in the agent's turns only
  Waker* waker = nullptr;
};

template <class Work>
class AwaitedJob final : public Job {
 public:
  using Value = std::invoke_result_t<Work&>;
  template <class W>
  AwaitedJob(W&& work, std::shared_ptr<JobState<Value>> state)
      : work_{std::forward<W>(work)}, state_{std::move(state)} {}

  void work() override {
    try {
      if constexpr (std::is_void_v<Value>) {
        work_();
        state_->result.template emplace<1>();
      } else {
        state_->result.template emplace<1>(work_());
      }
    } catch (...) {
      state_->result.template emplace<2>(std::current_exception());
    }
  }
  void finish() override {
    state_->done = true;
    if (state_->waker != nullptr) state_->waker->wake();
  }

 private:
  Work work_;
  std::shared_ptr<JobState<Value>> state_;
};

}  // namespace detail

/// The answer to a question that was asked. `co_await` gives a Result<Held<R>>: the answer, or why there is none.
/// Dropped before it came, the question is given up.
///
/// **Thread-safety**: actor-confined, as all in this file.
template <class R>
class [[nodiscard]] PendingAnswer : public detail::Pending, public detail::Awaitable<PendingAnswer<R>> {
 public:
  using Value = Result<Held<R>>;
  using detail::Pending::Pending;
  [[nodiscard]] Value take() { return as_message<R>(take_outcome()); }
};

/// A moment to come. `co_await` gives nothing. Dropped before it came, the timer is cancelled.
class [[nodiscard]] PendingMoment : public detail::Pending, public detail::Awaitable<PendingMoment> {
 public:
  using Value = void;
  using detail::Pending::Pending;
  void take() noexcept {}
};

/// The result of work on another thread. `co_await` gives what the work returned, or throws what it threw. Dropped, the
/// work goes on all the same, and its result is lost.
template <class T>
class [[nodiscard]] PendingJob : public detail::Awaitable<PendingJob<T>> {
 public:
  using Value = T;
  using State = detail::JobState<T>;
  explicit PendingJob(std::shared_ptr<State> state) noexcept : state_{std::move(state)} {}
  PendingJob(PendingJob&&) noexcept = default;
  PendingJob& operator=(PendingJob&&) = delete;
  ~PendingJob() { cancel(); }

  // What co_await, all() and any() use.
  [[nodiscard]] bool ready() const noexcept { return state_->done; }
  [[nodiscard]] bool failed() const noexcept { return ready() && state_->result.index() == 2; }
  void begin(detail::Waker& waker) noexcept { state_->waker = &waker; }
  T take() {
    if (auto* thrown = std::get_if<std::exception_ptr>(&state_->result)) std::rethrow_exception(*thrown);
    if constexpr (!std::is_void_v<T>) return std::get<1>(std::move(state_->result));
  }
  void cancel() noexcept {
    if (state_ != nullptr) state_->waker = nullptr;
  }

 private:
  std::shared_ptr<State> state_;
};

}  // namespace myelin
