/// Time between two moments in actors, awaited by a thread outside.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <future>

namespace myelin::tool {

/// From the first action to the last, told by the actors, awaited by the caller. It ends once: what is told after
/// that does not count.
///
/// **Thread-safety**: start() before anything else; stop() and cancel() on any thread; wait_ns() once.
class Stopwatch {
 public:
  using Clock = std::chrono::steady_clock;

  void start() { start_ = Clock::now(); }
  void stop() { finish(std::chrono::duration<double, std::nano>(Clock::now() - start_).count()); }
  /// Ends with a time of 0: the work was broken off.
  void cancel() { finish(0.0); }

  [[nodiscard]] double wait_ns() { return elapsed_.get_future().get(); }

 private:
  void finish(double nanoseconds) {
    if (!finished_.exchange(true)) elapsed_.set_value(nanoseconds);
  }

  Clock::time_point start_;
  std::atomic<bool> finished_{false};
  std::promise<double> elapsed_;
};

/// Counts agents that have started, and stops the watch when the last one has. **Thread-safety**: thread-safe.
struct Started {
  std::uint64_t expected = 0;
  Stopwatch* watch = nullptr;
  std::atomic<std::uint64_t> count{0};

  void add_one() {
    if (count.fetch_add(1) + 1 == expected) watch->stop();
  }
};

}  // namespace myelin::tool
