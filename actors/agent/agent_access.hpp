/// The way from an agent to its cell, for the runtime's own functions.
#pragma once

#include <memory>
#include <utility>

#include "cell.hpp"
#include "myelin/actors/agent.hpp"

namespace myelin {

class AgentAccess {
 public:
  static AgentCell& cell(const Agent& agent) noexcept { return *agent.cell_; }
  static CorrelationId put_frame(Agent& agent, const AgentRef& to, const Frame& frame, Duration timeout,
                                 std::unique_ptr<Continuation> then) {
    return agent.put_frame(to, frame, timeout, std::move(then));
  }
};

}  // namespace myelin
