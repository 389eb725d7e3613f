#include "coordinator.hpp"

#include <algorithm>
#include <climits>

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <caf/actor_system_config.hpp>
#include <caf/config_value.hpp>
#include <caf/logger.hpp>

#include "spin_lock.hpp"
#include "turn_context.hpp"

namespace myelin {

namespace {

/// Sleeps until `word` is no longer `expected`, or `limit` has passed, or for no reason at all.
void futex_wait(std::atomic<std::uint32_t>& word, std::uint32_t expected, const timespec* limit) noexcept {
  syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, expected, limit, nullptr, 0);
}
void futex_wake(std::atomic<std::uint32_t>& word, int count) noexcept {
  syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, count, nullptr, nullptr, 0);
}

/// How often an idle worker looks for an aged slot while others work: long handlers must not delay what they woke.
constexpr long kWatchNanoseconds = 500'000;

/// One pick in so many is not for the slot. A power of two, so that the count may wrap.
constexpr std::uint32_t kPicksBetweenLooksElsewhere = 64;

}  // namespace

class Coordinator::Worker final : public caf::execution_unit {
 public:
  Worker(Coordinator& owner, std::size_t index)
      : caf::execution_unit{&owner.system()}, owner_{owner}, index_{index}, ring_(1024) {}

  void launch(bool pin) {
    thread_ = std::thread{[this, pin] {
      caf::logger::set_current_actor_system(&system());
      system().thread_started();
      metrics_context.part = static_cast<std::uint32_t>(index_ + 1);
      if (pin) pin_to(index_ % std::max(1U, std::thread::hardware_concurrency()));
      run();
      system().thread_terminates();
    }};
  }
  void join() { thread_.join(); }

  /// The job's next turn is this worker's next; what was to be next before goes to the ring. Own thread only.
  void exec_later(caf::resumable* job) override {
    if (slot_.load(std::memory_order_relaxed) == nullptr) {
      slot_.store(job, std::memory_order_release);
    } else if (caf::resumable* before = slot_.exchange(job, std::memory_order_acq_rel); before != nullptr) {
      put(before);
    }
  }

  /// A job from the ring. Any thread.
  caf::resumable* take() noexcept {
    if (size_.load(std::memory_order_relaxed) == 0) return nullptr;
    const std::lock_guard guard{lock_};
    if (first_ == last_) return nullptr;
    caf::resumable* job = ring_[first_++ & (ring_.size() - 1)];
    size_.store(last_ - first_, std::memory_order_relaxed);
    return job;
  }

  /// The slot's job, if it is still the one that `seen` was. Any thread.
  caf::resumable* take_aged(caf::resumable*& seen) noexcept {
    caf::resumable* job = slot_.load(std::memory_order_relaxed);
    if (job != nullptr && job == seen && slot_.compare_exchange_strong(job, nullptr, std::memory_order_acq_rel)) {
      seen = nullptr;
      return job;
    }
    seen = job;
    return nullptr;
  }

  [[nodiscard]] bool has_job() const noexcept {
    return size_.load(std::memory_order_relaxed) != 0 || slot_.load(std::memory_order_relaxed) != nullptr;
  }
  [[nodiscard]] std::uint32_t picks() const noexcept { return picks_.load(std::memory_order_relaxed); }
  [[nodiscard]] const caf::resumable* current() const noexcept { return current_.load(std::memory_order_relaxed); }

  caf::resumable* take_slot() noexcept {
    return slot_.load(std::memory_order_relaxed) == nullptr ? nullptr
                                                            : slot_.exchange(nullptr, std::memory_order_acq_rel);
  }

 private:
  static void pin_to(std::size_t processor) noexcept {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(processor, &set);
    pthread_setaffinity_np(pthread_self(), sizeof set, &set);  // if it cannot be pinned it runs all the same
  }

  void put(caf::resumable* job) {
    {
      const std::lock_guard guard{lock_};
      if (last_ - first_ == ring_.size()) grow();
      ring_[last_++ & (ring_.size() - 1)] = job;
      size_.store(last_ - first_, std::memory_order_relaxed);
    }
    owner_.wake_one();
  }

  void grow() {
    std::vector<caf::resumable*> larger(ring_.size() * 2);
    for (std::size_t at = first_; at != last_; ++at) larger[at & (larger.size() - 1)] = ring_[at & (ring_.size() - 1)];
    ring_.swap(larger);
  }

  caf::resumable* next() noexcept {
    // Agents that keep waking each other, or themselves, must not hold the worker: now and then what comes from outside
    // goes first, and the ring before the slot.
    const std::uint32_t picks = picks_.load(std::memory_order_relaxed) + 1;
    picks_.store(picks, std::memory_order_relaxed);
    if (picks % kPicksBetweenLooksElsewhere != 0) {
      if (caf::resumable* job = take_slot()) return job;
    } else if (caf::resumable* job = owner_.take_shared()) {
      return job;
    }
    if (caf::resumable* job = take()) return job;
    if (caf::resumable* job = owner_.take_shared()) return job;
    return take_slot();
  }

  void run() {
    for (;;) {
      // Plain CAF actors that never rest do not stop with the mesh: their jobs are dropped.
      if (picks_.load(std::memory_order_relaxed) % kPicksBetweenLooksElsewhere == 0 &&
          owner_.stopping_.load(std::memory_order_acquire))
        return;
      caf::resumable* job = next();
      if (job == nullptr) job = wait();
      if (job == nullptr) return;
      current_.store(job, std::memory_order_relaxed);
      const caf::resumable::resume_result result = job->resume(this, owner_.max_throughput());
      current_.store(nullptr, std::memory_order_relaxed);
      switch (result) {
        case caf::resumable::resume_later: put(job); break;
        case caf::resumable::shutdown_execution_unit: return;
        default: intrusive_ptr_release(job); break;
      }
    }
  }

  /// A job, after sleeping if need be; null when the coordinator stops.
  caf::resumable* wait() noexcept {
    std::vector<caf::resumable*>& seen = aged_seen_;
    seen.assign(owner_.workers_.size(), nullptr);
    for (;;) {
      const std::uint32_t epoch = owner_.epoch_.load(std::memory_order_acquire);
      if (owner_.stopping_.load(std::memory_order_acquire)) return nullptr;
      owner_.sleepers_.fetch_add(1, std::memory_order_seq_cst);
#if !defined(__SANITIZE_THREAD__)
      std::atomic_thread_fence(std::memory_order_seq_cst);
#endif
      // Look again now that wake_one() sees this worker: either it wakes us, or we see its job.
      caf::resumable* job = next();
      if (job == nullptr) job = owner_.steal(this);
      if (job == nullptr) job = steal_aged(seen);
      if (job == nullptr && !owner_.stopping_.load(std::memory_order_acquire)) {
        const bool others_work = owner_.sleepers_.load(std::memory_order_relaxed) < owner_.workers_.size();
        constexpr timespec kWatch{0, kWatchNanoseconds};
        futex_wait(owner_.epoch_, epoch, others_work ? &kWatch : nullptr);
      }
      const std::uint32_t slept = owner_.sleepers_.fetch_sub(1, std::memory_order_seq_cst);
      if (job == nullptr && (job = next()) == nullptr) job = owner_.steal(this);
      if (job == nullptr) continue;
      // The first to work again has another keep watch: those asleep sleep without a limit.
      if (slept == owner_.workers_.size()) owner_.wake_one();
      return job;
    }
  }

  caf::resumable* steal_aged(std::vector<caf::resumable*>& seen) noexcept {
    for (std::size_t index = 0; index < owner_.workers_.size(); ++index) {
      if (owner_.workers_[index].get() == this) continue;
      if (caf::resumable* job = owner_.workers_[index]->take_aged(seen[index])) return job;
    }
    return nullptr;
  }

  Coordinator& owner_;
  const std::size_t index_;
  std::atomic<caf::resumable*> slot_{nullptr};
  std::atomic<std::size_t> size_{0};
  SpinLock lock_;
  std::vector<caf::resumable*> ring_;  // guarded by lock_; a power of two long
  std::size_t first_ = 0;
  std::size_t last_ = 0;
  std::atomic<std::uint32_t> picks_{0};                  // written by this worker only
  std::atomic<const caf::resumable*> current_{nullptr};  // likewise
  std::vector<caf::resumable*> aged_seen_;
  std::thread thread_;
};

Coordinator::Coordinator(caf::actor_system& system) : abstract_coordinator{system} {}

Coordinator::~Coordinator() = default;

caf::actor_system::module* Coordinator::make(caf::actor_system& system, caf::detail::type_list<>) {
  return new Coordinator{system};  // the system owns its modules
}

void Coordinator::enqueue(caf::resumable* job) {
  {
    const std::lock_guard guard{shared_mutex_};
    shared_.push_back(job);
    shared_size_.store(shared_.size(), std::memory_order_relaxed);
  }
  wake_one();
}

caf::resumable* Coordinator::take_shared() noexcept {
  if (shared_size_.load(std::memory_order_relaxed) == 0) return nullptr;
  const std::lock_guard guard{shared_mutex_};
  if (shared_.empty()) return nullptr;
  caf::resumable* job = shared_.front();
  shared_.pop_front();
  shared_size_.store(shared_.size(), std::memory_order_relaxed);
  return job;
}

caf::resumable* Coordinator::steal(const Worker* thief) noexcept {
  for (const auto& worker : workers_) {
    if (worker.get() == thief) continue;
    if (caf::resumable* job = worker->take()) return job;
  }
  return nullptr;
}

std::optional<std::uint64_t> Coordinator::turns_if_idle() const noexcept {
  if (sleepers_.load(std::memory_order_seq_cst) != workers_.size()) return std::nullopt;
  if (shared_size_.load(std::memory_order_relaxed) != 0) return std::nullopt;
  std::uint64_t picks = 0;
  for (const auto& worker : workers_) {
    if (worker->has_job()) return std::nullopt;
    picks += worker->picks();
  }
  return picks;
}

bool Coordinator::runs(const caf::resumable* job) const noexcept {
  return std::ranges::any_of(workers_, [job](const auto& worker) { return worker->current() == job; });
}

void Coordinator::wake_one() noexcept {
  // Pairs with the increment of sleepers_ in Worker::wait(): of two threads, one sees the other's write.
#if defined(__SANITIZE_THREAD__)
  if (sleepers_.fetch_add(0, std::memory_order_seq_cst) == 0) return;  // tsan knows no fences
#else
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (sleepers_.load(std::memory_order_relaxed) == 0) return;
#endif
  epoch_.fetch_add(1, std::memory_order_release);
  futex_wake(epoch_, 1);
}

void Coordinator::wake_all() noexcept {
  epoch_.fetch_add(1, std::memory_order_release);
  futex_wake(epoch_, INT_MAX);
}

void Coordinator::start() {
  for (std::size_t index = 0; index < num_workers(); ++index) {
    workers_.push_back(std::make_unique<Worker>(*this, index));
  }
  const bool pin = caf::get_or(config(), kPinOption, false);
  for (auto& worker : workers_) worker->launch(pin);
  clock_thread_ = std::thread{[this] {
    caf::logger::set_current_actor_system(&system());
    system().thread_started();
    clock_.run_dispatch_loop();
    system().thread_terminates();
  }};
  abstract_coordinator::start();
}

void Coordinator::stop() {
  stop_actors();
  stopping_.store(true, std::memory_order_release);
  wake_all();
  for (auto& worker : workers_) worker->join();
  clock_.cancel_dispatch_loop();
  clock_thread_.join();
  // What was never run is released, as CAF's own coordinator does.
  for (auto& worker : workers_) {
    while (caf::resumable* job = worker->take()) intrusive_ptr_release(job);
    while (caf::resumable* job = worker->take_slot()) intrusive_ptr_release(job);
  }
  while (caf::resumable* job = take_shared()) intrusive_ptr_release(job);
}

}  // namespace myelin
