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
                  std::shared_ptr<spdlog::logger> log)
      : mesh_{mesh},
        hosted_{hosted},
        directory_{std::move(directory)},
        memory_{std::move(memory)},
        log_{std::move(log)} {}

  /// From now on it is started here whenever this node has the lease, and published.
  void add(const AgentEntry& entry, const std::string& name);
  /// Tries for no lease any more, and keeps none for longer. Never call this in an agent.
  void stop();
  /// Gives back what leases there are, so that other nodes need not wait. **Requires**: stop() was called, and the
  /// agents have ended. Never call this in an agent.
  void release(Duration limit);

 private:
  /// What agents change: it outlives this.
  struct Held {
    std::mutex mutex;
    std::map<std::string, std::uint64_t> tokens;  ///< Of leases, by agents' names.
  };

  Mesh& mesh_;
  HostedAgents& hosted_;
  const cluster::Directory directory_;
  const Memory memory_;
  const std::shared_ptr<spdlog::logger> log_;
  const std::shared_ptr<Held> held_ = std::make_shared<Held>();
  std::vector<AgentRef> singletons_;
};

}  // namespace myelin::tool
