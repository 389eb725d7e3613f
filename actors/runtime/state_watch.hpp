/// Threads that wait until agents have come to a certain state.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "myelin/base/time.hpp"

namespace myelin {

/// **Thread-safety**: thread-safe.
class StateWatch {
 public:
  /// Called after each change. **Cost**: one load while nobody waits.
  void changed() noexcept {
    if (waiting_.load(std::memory_order_seq_cst) == 0) return;
    const std::lock_guard guard{mutex_};
    changed_.notify_all();
  }
  /// False if it had not come about by the deadline. **Requires**: `reached` reads what was stored sequentially
  /// consistently before changed() was called.
  template <class Reached>
  bool wait(TimePoint deadline, Reached&& reached) {
    waiting_.fetch_add(1, std::memory_order_seq_cst);
    std::unique_lock guard{mutex_};
    const bool came = changed_.wait_until(guard, deadline, reached);
    waiting_.fetch_sub(1, std::memory_order_seq_cst);
    return came;
  }

 private:
  std::atomic<std::size_t> waiting_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
};

}  // namespace myelin
