/// Keys that tell agents apart across nodes, for call chains.
#pragma once

#include "myelin/base/identity.hpp"

namespace myelin {

/// `node`: drawn at random by each mesh. (CAF's own node ids are of no use: they are equal in all containers whose
/// network devices and process numbers are.) Source: the finaliser of splitmix64 (S. Vigna).
[[nodiscard]] inline AgentKey agent_key(AgentKey node, AgentId agent) noexcept {
  AgentKey key = node + agent * 0x9e37'79b9'7f4a'7c15;
  key = (key ^ (key >> 30)) * 0xbf58'476d'1ce4'e5b9;
  key = (key ^ (key >> 27)) * 0x94d0'49bb'1331'11eb;
  return key ^ (key >> 31);
}

}  // namespace myelin
