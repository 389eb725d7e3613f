/// The faults of a mesh as rules, and what they say about one message.
#pragma once

#include <vector>

#include "myelin/actors/interceptor.hpp"
#include "myelin/testkit/faults.hpp"
#include "myelin/testkit/random.hpp"

namespace myelin::testkit {

/// **Thread-safety**: one thread only.
struct Faults::Rules {
  struct Strike {
    FaultId id;
    Kind kind;
    TypeId type;
    Target target;
    Duration least, most;
    std::size_t times = 0;
  };
  struct Fall {
    FaultId id;
    AgentRef agent;
    Crash when;
    std::size_t handled = 0;
    std::size_t times = 0;
  };
  struct Verdict {
    bool drop = false;
    bool duplicate = false;
    bool keep_order = true;
    Duration delay{};
  };

  explicit Rules(std::uint64_t seed) : random{seed} {}

  /// What happens to a message, by all rules in the order in which they were made.
  [[nodiscard]] Verdict judge(const Parcel& parcel);
  /// Whether the agent crashes at this message.
  [[nodiscard]] bool crashes(const AgentRef& agent, std::size_t messages);

  Random random;
  std::vector<Strike> strikes;
  std::vector<Fall> falls;
  Counts counts;
  FaultId last_id = 0;
};

}  // namespace myelin::testkit
