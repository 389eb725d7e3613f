/// The agents that a node publishes in its cluster.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "myelin/actors/agent_ref.hpp"
#include "myelin/base/result.hpp"
#include "myelin/cluster/cluster.hpp"

namespace myelin::cluster {

/// **Thread-safety**: thread-safe.
class AgentTable {
 public:
  /// An empty name: one is made up, which no other agent of this node has. Returns the name.
  /// **Errors**: invalid_argument for a name in use; overloaded beyond limits::kPublishedMax.
  [[nodiscard]] Result<std::string> add(std::string name, std::string type, const AgentRef& agent);
  void remove(std::string_view name);
  [[nodiscard]] std::optional<PublishedAgent> find(std::string_view name) const;
  /// A name of that agent, if it has one.
  [[nodiscard]] std::optional<std::string> name_of(const AgentRef& agent) const;
  [[nodiscard]] std::vector<std::string> names_of(AgentId agent) const;
  /// Those of a name and a type; empty: of any. By name.
  [[nodiscard]] std::vector<PublishedAgent> select(std::string_view name, std::string_view type) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, PublishedAgent, std::less<>> agents_;
  std::multimap<AgentId, std::string> names_;
  std::uint64_t made_up_ = 0;
};

}  // namespace myelin::cluster
