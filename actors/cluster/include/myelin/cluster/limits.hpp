/// Bounds of a cluster: each with its name, its value and its unit.
#pragma once

#include <chrono>
#include <cstddef>

#include "myelin/base/time.hpp"
#include "myelin/network/limits.hpp"

namespace myelin::cluster::limits {

/// Nodes that are remembered, those that are gone included. Beyond that the ones that went first are forgotten, and who
/// is new is not taken in where none has gone.
inline constexpr std::size_t kMembersMax = 256;
/// Longest address of a node, in bytes.
inline constexpr std::size_t kAddressBytesMax = 300;
/// Tags of a node, and the longest, in bytes.
inline constexpr std::size_t kTagsMax = 32;
inline constexpr std::size_t kTagBytesMax = 64;

/// How often each node tells one other all that it knows, for those who missed something.
inline constexpr Duration kGossipPeriod = std::chrono::seconds{1};
/// How long a node that leaves waits for others to take its goodbye in.
inline constexpr Duration kLeaveLimit = std::chrono::seconds{2};

/// Agents of one node that are published through its directory.
inline constexpr std::size_t kPublishedMax = 65'536;
/// Agents in one answer; what is beyond is left out.
inline constexpr std::size_t kListedMax = 65'536;
/// Questions of other nodes that wait for an agent's end, of one node's agents.
inline constexpr std::size_t kMonitorsMax = 65'536;
/// How long a node waits for the others' lists of agents.
inline constexpr Duration kListLimit = std::chrono::seconds{2};

static_assert(kMembersMax <= network::limits::kPeersMax);

}  // namespace myelin::cluster::limits
