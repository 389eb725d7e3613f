/// What the current thread is doing: which worker it is, and whether an agent is ending on it.
#pragma once

#include <cstdint>

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
  /// What a failed agent leaves behind is being destroyed, to be replaced.
  bool agent_failing = false;
};

/// What the current thread counts with. Worker threads set their part once.
struct MetricsContext {
  std::uint32_t part = 0;         ///< Which part of ClassMetrics is this thread's.
  std::uint32_t until_stamp = 1;  ///< Frames until one is stamped with the time when it is sent.
  std::uint32_t until_timed = 1;  ///< Frames until one is timed while it is handled.
};
/// **Thread-safety**: each thread has its own.
inline thread_local constinit MetricsContext metrics_context;

/// The current thread's context. **Thread-safety**: each thread has its own.
inline thread_local constinit TurnContext turn_context;

/// Sets a flag of the context until the end of the scope.
template <bool TurnContext::*kFlag>
class WhileFlagged {
 public:
  WhileFlagged() noexcept { turn_context.*kFlag = true; }
  ~WhileFlagged() { turn_context.*kFlag = before_; }
  WhileFlagged(const WhileFlagged&) = delete;
  WhileFlagged& operator=(const WhileFlagged&) = delete;

 private:
  const bool before_ = turn_context.*kFlag;
};
/// What is dropped in the scope of one of these belonged to an agent that is dead, or has failed.
using AgentEnds = WhileFlagged<&TurnContext::agent_ending>;
using AgentFails = WhileFlagged<&TurnContext::agent_failing>;

}  // namespace myelin
