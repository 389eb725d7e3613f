/// Where the validators of a group are reached.
#pragma once

#include <cstddef>
#include <mutex>
#include <utility>
#include <vector>

#include "myelin/actors/agent_ref.hpp"

namespace myelin::validator {

/// The address of each validator, by its index. A validator that came back has another than before; one that is not
/// there has none. **Thread-safety**: thread-safe.
class Directory {
 public:
  explicit Directory(std::size_t validators) : addresses_(validators) {}

  [[nodiscard]] std::size_t size() const noexcept { return addresses_.size(); }
  void set(std::size_t validator, AgentRef address) {
    const std::lock_guard lock{mutex_};
    addresses_[validator] = std::move(address);
  }
  [[nodiscard]] AgentRef address(std::size_t validator) const {
    const std::lock_guard lock{mutex_};
    return addresses_[validator];
  }
  /// All of them: no agent for those that are not there.
  [[nodiscard]] std::vector<AgentRef> addresses() const {
    const std::lock_guard lock{mutex_};
    return addresses_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<AgentRef> addresses_;
};

}  // namespace myelin::validator
