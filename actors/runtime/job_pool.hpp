/// Threads for work that would hold up the agents: blocking calls and long computations.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace myelin {

/// **Thread-safety**: post() is thread-safe.
class JobPool {
 public:
  /// With no threads, post() runs the job itself: for tests without threads.
  explicit JobPool(std::size_t threads);
  JobPool(const JobPool&) = delete;
  JobPool& operator=(const JobPool&) = delete;
  ~JobPool();

  void post(std::function<void()> job);
  /// Runs what was posted, and ends. Later posts are dropped.
  void stop();

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace myelin
