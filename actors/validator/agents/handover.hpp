/// How the agents of one validator give each other what is no message: in memory, and told by a HandedOver.
#pragma once

#include <mutex>
#include <utility>
#include <vector>

namespace myelin::validator {

/// A list that some put into and one takes from. **Thread-safety**: thread-safe.
template <class T>
class Handover {
 public:
  /// Whether the list was empty: then whoever takes is to be told, else that is under way. Once it is closed, the value
  /// is dropped.
  [[nodiscard]] bool put(T value) {
    const std::lock_guard lock{mutex_};
    if (is_closed_) return false;
    values_.push_back(std::move(value));
    return values_.size() == 1;
  }
  /// All that is there, in order.
  [[nodiscard]] std::vector<T> take() {
    const std::lock_guard lock{mutex_};
    return std::exchange(values_, {});
  }
  /// Nobody will take any more.
  void close() {
    std::vector<T> dropped;
    const std::lock_guard lock{mutex_};
    is_closed_ = true;
    std::swap(dropped, values_);
  }

 private:
  std::mutex mutex_;
  std::vector<T> values_;
  bool is_closed_ = false;
};

}  // namespace myelin::validator
