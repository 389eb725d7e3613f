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
  /// Whether the list was empty: then whoever takes is to be told, else that is under way.
  [[nodiscard]] bool put(T value) {
    const std::lock_guard lock{mutex_};
    values_.push_back(std::move(value));
    return values_.size() == 1;
  }
  /// All that is there, in order.
  [[nodiscard]] std::vector<T> take() {
    const std::lock_guard lock{mutex_};
    return std::exchange(values_, {});
  }

 private:
  std::mutex mutex_;
  std::vector<T> values_;
};

}  // namespace myelin::validator
