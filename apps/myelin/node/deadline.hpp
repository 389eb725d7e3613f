/// Ends the process when it does not end by itself.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

namespace myelin::tool {

/// Ends the process at once with a status, unless it is destroyed before. **Thread-safety**: thread-compatible.
class Deadline {
 public:
  Deadline(std::chrono::nanoseconds limit, int status);
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

 private:
  std::mutex mutex_;
  std::condition_variable_any over_;
  std::jthread watcher_;
};

}  // namespace myelin::tool
