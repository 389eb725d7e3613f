/// Types of agents that every node has, without a plugin.
#pragma once

#include "myelin/plugin/agent_types.hpp"

namespace myelin::tool {

/// "inference": answers schema::InferRequest with a network from a file; its settings are schema::InferenceSettings.
[[nodiscard]] plugin::AgentType inference_type();

}  // namespace myelin::tool
