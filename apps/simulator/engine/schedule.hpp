/// The simulated clock, and what happens when.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "myelin/base/time.hpp"

namespace myelin::sim {

/// Actions in the order of their time; of one time, in the order in which they were planned. Time stands still while an
/// action runs. **Thread-safety**: thread-compatible.
class Schedule {
 public:
  using Action = std::function<void()>;

  /// Virtual time since the run began.
  [[nodiscard]] Duration now() const noexcept { return now_; }
  [[nodiscard]] TimePoint time() const noexcept { return kStart + now_; }
  /// The same as a span since the beginning. **Requires**: `time` came from time(), or is later.
  [[nodiscard]] static Duration since_start(TimePoint time) noexcept { return time - kStart; }

  void after(Duration delay, Action action) { at(now_ + delay, std::move(action)); }
  /// A time that has passed stands for now.
  void at(Duration when, Action action);

  /// Runs the next action. False when there is none before or at `until`; the clock then shows `until`.
  bool step(Duration until);

  [[nodiscard]] std::uint64_t steps() const noexcept { return steps_; }

 private:
  /// Not at a clock's zero: code that takes zero for "never" would pass there.
  static constexpr TimePoint kStart = TimePoint{} + std::chrono::seconds{1'000};

  struct Entry {
    Duration when;
    std::uint64_t order;
    std::uint32_t slot;
  };
  static bool later(const Entry& a, const Entry& b) noexcept {
    return a.when != b.when ? a.when > b.when : a.order > b.order;
  }

  Duration now_{0};
  std::uint64_t order_ = 0;
  std::uint64_t steps_ = 0;
  std::vector<Entry> heap_;
  std::vector<Action> actions_;
  std::vector<std::uint32_t> free_;
};

}  // namespace myelin::sim
