/// How a mesh is shut down, and what became of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "myelin/base/identity.hpp"
#include "myelin/base/result.hpp"
#include "myelin/base/time.hpp"

namespace myelin {

struct ShutdownOptions {
  /// How long the agents may go on with what they have begun: until no message waits, no question is open and no job
  /// runs. Meanwhile nothing comes in from outside.
  Duration drain = std::chrono::seconds{5};
  /// How long they may take to stop after that.
  Duration stop = std::chrono::seconds{5};
};

struct ShutdownReport {
  /// Whether all work was done when the agents were stopped.
  bool drained = false;
  /// Agents that stopped, or failed.
  std::size_t stopped = 0;

  struct Stuck {
    AgentId agent;
    std::string class_name;
    bool in_handler;  ///< Otherwise it only waits for a thread, which others hold.
    Duration waited;  ///< Since it was told to stop: its handler runs for at least so long.
  };
  std::vector<Stuck> stuck;

  /// Messages that were refused or dropped since the shutdown began.
  struct Dropped {
    Errc cause;
    std::uint64_t messages;
  };
  std::vector<Dropped> dropped;
};

}  // namespace myelin
