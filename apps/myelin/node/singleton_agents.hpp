/// The agents of a node's configuration of which one runs in the whole cluster.
#pragma once

#include <spdlog/logger.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "myelin/cluster/directory.hpp"
#include "myelin/memory/memory.hpp"
#include "node/hosted_agents.hpp"
#include "node/node_config.hpp"

namespace myelin::tool {

/// **Thread-safety**: thread-compatible.
class SingletonAgents {
 public:
  /// Where a name's lease is in the shared memory.
  [[nodiscard]] static std::string lease_key(const std::string& name) { return "myelin/agents/" + name; }

  /// `mesh` and `hosted` live longer.
  SingletonAgents(Mesh& mesh, HostedAgents& hosted, cluster::Directory directory, Memory memory,
                  std::shared_ptr<spdlog::logger> log);
  SingletonAgents(const SingletonAgents&) = delete;
  SingletonAgents& operator=(const SingletonAgents&) = delete;
  ~SingletonAgents() { stop(); }

  /// From now on it is started here whenever this node has the lease, and published.
  void add(const AgentEntry& entry, const std::string& name);
  /// Tries for no lease any more, keeps none for longer, and starts nothing any more.
  void stop();
  /// Gives back the leases of those that have ended, so that other nodes need not wait; the others end by themselves.
  /// **Requires**: stop() was called. Never call this in an agent.
  void release(Duration limit);

 private:
  struct Lease {
    std::uint64_t token;
    AgentRef agent;  ///< That it is for.
  };
  /// What the agents use that hold leases; they may live longer than this. **Thread-safety**: thread-safe.
  class Shared;

  Mesh& mesh_;
  const Memory memory_;
  const std::shared_ptr<spdlog::logger> log_;
  const std::shared_ptr<Shared> shared_;
  std::vector<AgentRef> singletons_;
};

}  // namespace myelin::tool
