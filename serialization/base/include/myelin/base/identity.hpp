/// Numbers that name things in messages: agents, schema types, questions and their answers.
#pragma once

#include <cstdint>

namespace myelin {

/// Names an agent within its node; 0 is no agent. Never reused while the node runs.
using AgentId = std::uint64_t;

/// Tells an agent from all agents of all nodes, but for a chance of one in 2^64 a pair.
using AgentKey = std::uint64_t;

/// A Cap'n Proto schema id: what a message is. 0 is no type.
using TypeId = std::uint64_t;

/// Pairs an answer with its question within one asker; 0 for a message that expects no answer.
using CorrelationId = std::uint64_t;

}  // namespace myelin
