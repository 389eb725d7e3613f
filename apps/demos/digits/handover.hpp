/// How an agent hands a result to a thread that is no agent.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

#include "myelin/base/time.hpp"

namespace myelin::digits {

/// Holds one value at a time. **Thread-safety**: thread-safe.
template <class T>
class Handover {
 public:
  void put(T value) {
    {
      const std::lock_guard lock{mutex_};
      value_ = std::move(value);
    }
    arrived_.notify_all();
  }

  /// Waits for a value, at most `limit` and not beyond a stop request, and takes it away. Nothing if none came.
  [[nodiscard]] std::optional<T> take(const std::stop_token& stop, Duration limit) {
    std::unique_lock lock{mutex_};
    arrived_.wait_for(lock, stop, limit, [this] { return value_.has_value(); });
    return std::exchange(value_, std::nullopt);
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any arrived_;
  std::optional<T> value_;
};

}  // namespace myelin::digits
