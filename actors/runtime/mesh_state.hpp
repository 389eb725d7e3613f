/// What the agents of one mesh share.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include "back_pressure.hpp"
#include "class_metrics.hpp"
#include "job_pool.hpp"
#include "myelin/actors/dead_letters.hpp"
#include "myelin/actors/failures.hpp"
#include "myelin/actors/mesh.hpp"
#include "registry.hpp"
#include "state_watch.hpp"

namespace myelin {

struct MeshState {
  explicit MeshState(const MeshConfig& config);

  class CafConfig : public caf::actor_system_config {
   public:
    explicit CafConfig(const MeshConfig& config);
  };

  // In this order: agents use the letters and the registry until the system is gone.
  MeshConfig config;
  DeadLetters dead_letters;
  Tracer tracer;
  std::unique_ptr<MetricsRegistry> metrics;  // null: nothing is counted
  BackPressure back_pressure;
  Registry registry;
  std::atomic<bool> stopping{false};
  /// No agent is started any more.
  std::atomic<bool> closed{false};
  /// Nothing comes in from outside any more.
  std::atomic<bool> refusing{false};
  /// Agents are to say after each turn what they wait for.
  std::atomic<bool> draining{false};
  StateWatch state_watch;
  /// Of those that were left behind because a thread did not return.
  MeshState* given_up_before = nullptr;
  /// observe_failures(); called under its mutex.
  std::mutex failures;
  std::function<void(const ChildFailure&)> on_failure;
  /// Held while the names of agents' children change or are looked up.
  std::mutex names;
  CafConfig caf_config;
  std::unique_ptr<caf::actor_system> system;
  std::unique_ptr<JobPool> jobs;
  /// This node's part of its agents' keys.
  AgentKey node_key = 0;
};

struct Lifecycle;

/// Starts an agent on a mesh; a handle to no agent when the mesh is stopping. **Thread-safety**: thread-safe.
[[nodiscard]] AgentRef spawn_agent(MeshState& mesh, const AgentClass& of, std::unique_ptr<Agent> agent,
                                   const SpawnOptions& options);
/// The same for one that is supervised, if `lifecycle` is not null.
[[nodiscard]] AgentRef spawn_child(MeshState& mesh, const AgentClass& of, std::unique_ptr<Agent> agent,
                                   const SpawnOptions& options, std::unique_ptr<Lifecycle> lifecycle);

}  // namespace myelin
