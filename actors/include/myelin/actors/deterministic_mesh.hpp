/// A mesh without threads, for tests: agents run one message at a time, and time moves when told to.
#pragma once

#include <cstddef>
#include <memory>

#include "myelin/actors/mesh.hpp"

namespace myelin {

/// Runs on CAF's deterministic scheduler: the same program sends, handles and expires in the same order every time.
/// Offloaded jobs run at once, where they were started. The test kit (myelin/testkit/) builds on this: seeds, probes,
/// faults.
///
/// **Thread-safety**: one thread only. Mesh::ask() would wait for ever: let an agent ask instead.
class DeterministicMesh {
 public:
  /// `interceptor`, if any, sees the messages: see interceptor.hpp.
  explicit DeterministicMesh(Interceptor* interceptor = nullptr);

  [[nodiscard]] Mesh& mesh() noexcept { return mesh_; }

  /// Agents that have something to do.
  [[nodiscard]] std::size_t runnable() const noexcept;
  /// Lets one agent, `index` of those that wait for their turn, handle a message (or a batch), and go on until it has
  /// handled `messages`. If more waits for it, it is the first of those that wait. False if there are not so many
  /// agents.
  bool step(std::size_t index = 0, std::size_t messages = 1);
  /// Runs until no message waits. Returns the number of steps. **Errors**: throws std::runtime_error after `limit`
  /// steps.
  std::size_t run(std::size_t limit = 1'000'000);

  [[nodiscard]] TimePoint now() const noexcept;
  /// When the next timer or deadline falls due; kNever if none is set.
  [[nodiscard]] TimePoint next_due() const noexcept;
  /// Moves the clock; what falls due then waits to be run.
  void advance(Duration duration);

  /// Has an agent call job->finish() in a turn of its own, before it handles anything else that waits. If that throws,
  /// the agent fails.
  /// **Requires**: the agent is one of this mesh.
  void post(const AgentRef& agent, std::unique_ptr<Job> job);

 private:
  Mesh mesh_;
};

}  // namespace myelin
