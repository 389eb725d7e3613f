/// Types of agents that every node has, without a plugin.
#pragma once

#include "myelin/plugin/agent_types.hpp"

namespace myelin::tool {

/// "inference": answers schema::InferRequest with a network from a file; its settings are schema::InferenceSettings.
[[nodiscard]] plugin::AgentType inference_type();

/// "echo": answers a question with what it was asked, for trying things out; it takes no settings.
[[nodiscard]] plugin::AgentType echo_type();

}  // namespace myelin::tool
