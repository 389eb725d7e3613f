/// What the current thread is doing: which worker it is, and whether an agent is ending on it.
#pragma once

#include <caf/fwd.hpp>

namespace myelin {

class AgentCell;

struct TurnContext {
  /// The worker that runs an agent on this thread; null on other threads. Waking an agent is cheapest through it.
  caf::execution_unit* unit = nullptr;
  /// The agent whose turn it is; null on other threads.
  AgentCell* cell = nullptr;
  /// An agent is being destroyed: replies that it drops unanswered mean that it is dead, not that it forgot them.
  bool agent_ending = false;
};

/// The current thread's context. **Thread-safety**: each thread has its own.
inline thread_local constinit TurnContext turn_context;

}  // namespace myelin
