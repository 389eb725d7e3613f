/// A thread that looks at something again and again.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

namespace myelin::validator {

/// Until it is destroyed, which waits for a look that is under way. **Thread-safety**: thread-compatible.
class RegularLook {
 public:
  RegularLook(std::chrono::milliseconds period, std::function<void()> look)
      : thread_{[period, look = std::move(look)](const std::stop_token& stop) {
          std::mutex mutex;
          std::condition_variable_any waits;
          std::unique_lock lock{mutex};
          while (!waits.wait_for(lock, stop, period, [&stop] { return stop.stop_requested(); })) look();
        }} {}

 private:
  std::jthread thread_;
};

}  // namespace myelin::validator
