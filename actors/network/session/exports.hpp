/// The agents of this node that others may reach, by name.
#pragma once

#include <atomic>
#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>

#include "myelin/actors/agent_ref.hpp"
#include "myelin/network/role.hpp"

namespace myelin::network {

/// **Thread-safety**: thread-safe.
class Exports {
 public:
  /// Who finds an agent.
  struct Audience {
    Role role = Role::node;
    std::string node = {};  ///< The only one; empty for all of that role.

    friend auto operator<=>(const Audience&, const Audience&) = default;
  };

  /// False if the name is in use there.
  bool add(std::string name, const AgentRef& agent, Audience audience) {
    const std::unique_lock guard{mutex_};
    const bool added = agents_[std::move(name)].emplace(std::move(audience), agent).second;
    if (added) version_.fetch_add(1, std::memory_order_release);
    return added;
  }
  /// For everybody.
  void remove(std::string_view name) {
    ByAudience dropped;  // destroyed after the lock
    const std::unique_lock guard{mutex_};
    const auto found = agents_.find(name);
    if (found == agents_.end()) return;
    dropped = std::move(found->second);
    agents_.erase(found);
    version_.fetch_add(1, std::memory_order_release);
  }
  /// What `who` finds: what is there for it alone, else what is there for all of its role; no agent if there is
  /// neither.
  [[nodiscard]] AgentRef find(std::string_view name, const Audience& who) const {
    const std::shared_lock guard{mutex_};
    const auto found = agents_.find(name);
    if (found == agents_.end()) return {};
    auto agent = found->second.find(who);
    if (agent == found->second.end()) agent = found->second.find(Audience{.role = who.role});
    return agent == found->second.end() ? AgentRef{} : agent->second;
  }
  /// Changes before find() finds something else; so that not every message must look.
  [[nodiscard]] std::uint64_t version() const noexcept { return version_.load(std::memory_order_acquire); }

 private:
  using ByAudience = std::map<Audience, AgentRef>;

  mutable std::shared_mutex mutex_;
  std::map<std::string, ByAudience, std::less<>> agents_;
  std::atomic<std::uint64_t> version_{1};
};

}  // namespace myelin::network
