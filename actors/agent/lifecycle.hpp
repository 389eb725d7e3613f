/// What the cell of an agent that is supervised, or supervises, keeps beyond what all cells keep.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "children.hpp"
#include "myelin/actors/agent_ref.hpp"
#include "myelin/actors/supervision.hpp"

namespace myelin {

/// **Thread-safety**: actor-confined.
struct Lifecycle {
  AgentRef supervisor;  ///< Null for an agent that nobody supervises.
  std::function<std::unique_ptr<Agent>()> make;
  RestartWhen when = RestartWhen::never;
  std::uint32_t epoch = 0;  ///< Of the supervisor's last order; reports carry it.
  unsigned attempt = 0;     ///< Of the next restart.
  bool for_good = false;    ///< Told to stop: no restart after that.
  bool returns = false;     ///< After the end that is under way.
  bool told_to_rest = false;
  bool rested = false;            ///< on_stop() was called, or the agent failed.
  bool restart_due = false;       ///< An order to restart came before this agent was at rest.
  bool holds = false;             ///< on_start() is over, and become_ready() was not called in it.
  bool leaves_turn = false;       ///< The agent holds back: its turns are restricted from the next on.
  bool draining = false;          ///< Stops when it has nothing more to do.
  bool children_at_rest = false;  ///< They have just become so.
  std::unique_ptr<Children> children;
};

}  // namespace myelin
