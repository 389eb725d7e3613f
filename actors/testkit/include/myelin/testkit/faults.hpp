/// What shall go wrong on a test mesh: messages lost, late or doubled, agents that crash.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>

#include "myelin/actors/agent_ref.hpp"
#include "myelin/base/time.hpp"
#include "myelin/serialization/frame_builder.hpp"

namespace myelin::testkit {

/// Which messages a fault strikes: all that are of its type, and of what is said here.
struct Target {
  AgentRef from = {};        ///< No agent: from anyone, the test included, which also sends what Probe::reply() does.
  AgentRef to = {};          ///< No agent: to anyone.
  double probability = 1.0;  ///< For each message, by the seed.
  std::size_t times_max = std::numeric_limits<std::size_t>::max();
  /// For delays: what the same sender sends the same receiver later, in the same lane, waits too, as Myelin and TCP
  /// promise. False lets it overtake.
  bool keep_order = true;
};

/// When an agent crashes, as if its handler had thrown.
struct Crash {
  std::size_t after = 0;     ///< Messages that it handles first. A batch counts as its messages, and is not cut.
  double probability = 1.0;  ///< At each message after those.
  std::size_t times_max = 1;
};

/// Names one fault, to end it.
using FaultId = std::uint64_t;

/// Faults of a mesh. They strike told messages, questions, answers and failures of questions alike; a batch is struck
/// whole. Nobody is told: the asker of a lost question waits until its deadline. The runtime's own signals (stop,
/// watchers' notices, timers) are never struck.
///
/// **Thread-safety**: one thread only.
class Faults {
 public:
  /// Loses messages of type T; of any type, failures of questions included, where T is left out.
  template <class T = void>
  FaultId drop(const Target& target = {}) {
    return add(Kind::drop, type<T>(), target, {}, {});
  }
  /// Delivers them later, by a time between these two, drawn for each. A sender is not paused by a mailbox that is full
  /// when they come. **Requires**: 0 <= least <= most.
  template <class T = void>
  FaultId delay(Duration least, Duration most, const Target& target = {}) {
    return add(Kind::delay, type<T>(), target, least, most);
  }
  /// Delivers them twice.
  template <class T = void>
  FaultId duplicate(const Target& target = {}) {
    return add(Kind::duplicate, type<T>(), target, {}, {});
  }
  /// Fails an agent when it is to handle a message, as if its handler had thrown. The message, or what was left of a
  /// batch, is a dead letter, as whatever an agent fails at.
  FaultId crash(const AgentRef& agent, const Crash& when = {});
  /// Loses all that the two send each other.
  void cut(const AgentRef& a, const AgentRef& b);

  /// Ends one fault. What it has delayed still comes.
  void remove(FaultId fault) noexcept;
  /// Ends all faults.
  void reset() noexcept;

  /// What was struck so far, in messages, those of batches counted one by one.
  struct Counts {
    std::uint64_t dropped = 0;
    std::uint64_t delayed = 0;
    std::uint64_t duplicated = 0;
    std::uint64_t crashed = 0;  ///< Agents, not messages.
  };
  [[nodiscard]] const Counts& counts() const noexcept;

 private:
  friend class TestMesh;
  friend class Simulation;
  enum class Kind : std::uint8_t { drop, delay, duplicate };
  struct Rules;

  explicit Faults(std::uint64_t seed);
  ~Faults();

  template <class T>
  [[nodiscard]] static constexpr TypeId type() noexcept {
    if constexpr (std::is_void_v<T>) {
      return 0;
    } else {
      return kTypeId<T>;
    }
  }
  FaultId add(Kind kind, TypeId type, const Target& target, Duration least, Duration most);

  std::unique_ptr<Rules> rules_;
};

}  // namespace myelin::testkit
