/// The agents of this node that others may reach, by name.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>

#include "myelin/actors/agent_ref.hpp"

namespace myelin::network {

/// **Thread-safety**: thread-safe.
class Exports {
 public:
  /// False if the name is in use.
  bool add(std::string name, const AgentRef& agent) {
    const std::unique_lock guard{mutex_};
    const bool added = agents_.emplace(std::move(name), agent).second;
    if (added) version_.fetch_add(1, std::memory_order_release);
    return added;
  }
  void remove(std::string_view name) {
    AgentRef dropped;  // destroyed after the lock
    const std::unique_lock guard{mutex_};
    const auto found = agents_.find(name);
    if (found == agents_.end()) return;
    dropped = std::move(found->second);
    agents_.erase(found);
    version_.fetch_add(1, std::memory_order_release);
  }
  /// No agent if there is none.
  [[nodiscard]] AgentRef find(std::string_view name) const {
    const std::shared_lock guard{mutex_};
    const auto found = agents_.find(name);
    return found == agents_.end() ? AgentRef{} : found->second;
  }
  /// Changes before find() finds something else; so that not every message must look.
  [[nodiscard]] std::uint64_t version() const noexcept { return version_.load(std::memory_order_acquire); }

 private:
  mutable std::shared_mutex mutex_;
  std::map<std::string, AgentRef, std::less<>> agents_;
  std::atomic<std::uint64_t> version_{1};
};

}  // namespace myelin::network
