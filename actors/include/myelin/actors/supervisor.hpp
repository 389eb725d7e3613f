/// An agent that does nothing but watch over others.
#pragma once

#include "myelin/actors/agent.hpp"
#include "myelin/actors/supervision.hpp"

namespace myelin {

/// Starts its children, and restarts them when they fail:
///
///     AgentRef tree = mesh.spawn<Supervisor>(SupervisorSpec{}.child<Worker>("worker", path));
///     AgentRef worker = mesh.child(tree, "worker");
///
/// A child may be a Supervisor. The children are there, and can be sent to, when spawn() returns. Any agent can
/// supervise, with Agent::supervise() and start_child(): this class is for those that have nothing else to do.
/// **Errors**: what the constructor of a child throws at the first start passes through spawn().
class Supervisor : public Agent {
 public:
  explicit Supervisor(SupervisorSpec spec) : spec_{std::move(spec)} {}

  /// For the runtime: starts the children, or, after a restart, restarts them.
  static void at_spawn(Agent& agent);

 private:
  SupervisorSpec spec_;
};

}  // namespace myelin
