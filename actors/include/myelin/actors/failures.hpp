/// Failures of supervised agents, told to somebody who logs or counts them.
#pragma once

#include <functional>
#include <string>

#include "myelin/actors/agent_ref.hpp"
#include "myelin/base/result.hpp"

namespace myelin {

class Mesh;

struct ChildFailure {
  const AgentRef& child;
  const std::string& name;  ///< Among its siblings; may be empty.
  const Error& error;       ///< What it failed of.
  /// It, or its group, is started again; otherwise its supervisor has had more failures than its policy allows, and
  /// fails itself.
  bool returns;
  unsigned attempt;  ///< 1 for the first of failures that follow each other within the policy's period.
};

/// Has `observer` called for each failure of a supervised agent of this mesh from now on, in its supervisor's turn: it
/// must not block or throw. It takes the place of the one before; an empty one: nobody is told any more, and when this
/// returns, nobody is being told. **Thread-safety**: thread-safe; not to be called by an observer.
void observe_failures(Mesh& mesh, std::function<void(const ChildFailure&)> observer);

}  // namespace myelin
