/// A lock for critical sections of a few instructions.
#pragma once

#include <atomic>
#include <thread>

namespace myelin {

/// **Thread-safety**: thread-safe. Not fair, not recursive.
class SpinLock {
 public:
  void lock() noexcept {
    int tries = 0;
    while (flag_.test_and_set(std::memory_order_acquire)) {
      // The holder may have lost its processor: then spinning only keeps it from getting one back.
      if (++tries == 64) {
        std::this_thread::yield();
        tries = 0;
      }
    }
  }
  void unlock() noexcept { flag_.clear(std::memory_order_release); }

 private:
  std::atomic_flag flag_ = ATOMIC_FLAG_INIT;
};

}  // namespace myelin
