/// Keys that tell agents apart across nodes, for call chains.
#pragma once

#include <caf/actor_control_block.hpp>
#include <caf/node_id.hpp>

#include "myelin/actors/agent_ref.hpp"
#include "myelin/base/identity.hpp"

namespace myelin {

/// Spreads a node's identity over 64 bits.
[[nodiscard]] inline AgentKey node_key(const caf::node_id& node) noexcept { return std::hash<caf::node_id>{}(node); }

/// Source: the finaliser of splitmix64 (S. Vigna).
[[nodiscard]] inline AgentKey agent_key(AgentKey node, AgentId agent) noexcept {
  AgentKey key = node + agent * 0x9e37'79b9'7f4a'7c15;
  key = (key ^ (key >> 30)) * 0xbf58'476d'1ce4'e5b9;
  key = (key ^ (key >> 27)) * 0x94d0'49bb'1331'11eb;
  return key ^ (key >> 31);
}

/// Of a plain CAF actor, or an agent of a process that is reached over BASP; others know their node's key themselves.
/// **Requires**: `agent` is not empty.
[[nodiscard]] inline AgentKey agent_key(const AgentRef& agent) noexcept {
  return agent_key(node_key(agent.control()->nid), agent.control()->aid);
}

}  // namespace myelin
