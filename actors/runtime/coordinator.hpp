/// The scheduler: a CAF coordinator module whose workers hand over without locks and sleep without polling.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include <caf/actor_system.hpp>
#include <caf/detail/thread_safe_actor_clock.hpp>
#include <caf/execution_unit.hpp>
#include <caf/resumable.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>

namespace myelin {

/// Replaces CAF's work-stealing scheduler, which spends most of a message's time and polls when idle. Loaded as a
/// module, whereupon CAF does not make its own. Measurements: docs/ARCHITECTURE.md, "Scheduler".
///
/// What an agent wakes goes into its worker's slot and runs next there, on a warm cache; a job pushed out of the slot,
/// or not finished in its turn, goes to the worker's ring, from which others steal. Workers without work sleep on a
/// futex.
///
/// **Thread-safety**: enqueue() is thread-safe; the rest is called by CAF.
class Coordinator final : public caf::scheduler::abstract_coordinator {
 public:
  explicit Coordinator(caf::actor_system& system);
  ~Coordinator() override;

  /// For actor_system_config::load().
  static caf::actor_system::module* make(caf::actor_system& system, caf::detail::type_list<>);
  /// None while some worker works or has work; else a number that changes before any job is run. **Thread-safety**:
  /// thread-safe, as is runs().
  [[nodiscard]] std::optional<std::uint64_t> turns_if_idle() const noexcept;
  /// Whether a worker runs this job now.
  [[nodiscard]] bool runs(const caf::resumable* job) const noexcept;

  /// Ties workers to processors; read at start.
  static constexpr const char* kPinOption = "myelin.pin-workers";

  void enqueue(caf::resumable* job) override;
  caf::detail::thread_safe_actor_clock& clock() noexcept override { return clock_; }

 protected:
  void start() override;
  void stop() override;

 private:
  class Worker;

  caf::resumable* take_shared() noexcept;
  caf::resumable* steal(const Worker* thief) noexcept;
  void wake_one() noexcept;
  void wake_all() noexcept;

  std::vector<std::unique_ptr<Worker>> workers_;
  // Wake-ups: a worker that finds nothing announces itself in sleepers_, looks once more, and sleeps until epoch_
  // moves.
  std::atomic<std::uint32_t> epoch_{0};
  std::atomic<std::uint32_t> sleepers_{0};
  std::atomic<bool> stopping_{false};
  // Jobs from threads that are no workers.
  std::mutex shared_mutex_;
  std::deque<caf::resumable*> shared_;
  std::atomic<std::size_t> shared_size_{0};
  caf::detail::thread_safe_actor_clock clock_;
  std::thread clock_thread_;
};

}  // namespace myelin
