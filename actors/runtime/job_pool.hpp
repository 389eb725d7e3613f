/// Threads for work that would hold up the agents: blocking calls and long computations.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "myelin/base/time.hpp"

namespace myelin {

/// **Thread-safety**: post() is thread-safe.
class JobPool {
 public:
  /// With no threads, post() runs the job itself: for tests without threads.
  explicit JobPool(std::size_t threads);
  JobPool(const JobPool&) = delete;
  JobPool& operator=(const JobPool&) = delete;
  /// **Requires**: stop() returned true.
  ~JobPool() = default;

  void post(std::function<void()> job);
  /// Drops what was not begun, waits for what was, and ends the threads. Later posts are dropped. False if a job still
  /// ran at the deadline.
  [[nodiscard]] bool stop(TimePoint deadline);

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::condition_variable rested_;
  std::deque<std::function<void()>> jobs_;
  std::size_t busy_ = 0;  // threads that run a job
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace myelin
