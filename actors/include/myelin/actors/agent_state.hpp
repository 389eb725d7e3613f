/// Where an agent stands between its start and its end.
#pragma once

#include <cstdint>

namespace myelin {

enum class AgentState : std::uint8_t {
  starting,    ///< Handles answers, timers and jobs; messages wait until on_start() is over, or become_ready() called.
  ready,       ///< Handles messages.
  restarting,  ///< Has failed, or was stopped with its siblings, and waits for its supervisor; messages wait.
  draining,    ///< Handles what waits, and stops then.
  stopped,
  failed,
};

/// Whether that is an end.
[[nodiscard]] constexpr bool has_ended(AgentState state) noexcept { return state >= AgentState::stopped; }

}  // namespace myelin
