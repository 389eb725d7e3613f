/// The agents that a node starts by the names of their types: those of its configuration, and those that others ask
/// for.
#pragma once

#include <any>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "myelin/actors/mesh.hpp"
#include "myelin/base/result.hpp"
#include "myelin/plugin/agent_types.hpp"

namespace myelin::tool {

/// **Thread-safety**: thread-safe.
class HostedAgents {
 public:
  /// Both live longer.
  HostedAgents(Mesh& mesh, const plugin::AgentTypes& types) : mesh_{mesh}, types_{types} {}

  /// Lends something to all agents that are started from now on: see plugin::AgentSettings.
  void lend(std::string name, std::any thing);
  /// From now on others may have agents started; and no more.
  void open();
  void close();

  /// Starts one, with a supervisor. `settings`: JSON. **Errors**: not_found for an unknown type; those of
  /// plugin::AgentType::spawn().
  [[nodiscard]] Result<AgentRef> start(std::string_view type, std::string_view settings, RestartWhen restart);
  /// The same for other nodes. **Errors**: besides, unreachable while it is not open.
  [[nodiscard]] Result<AgentRef> start_for_others(std::string_view type, std::string_view settings);

  /// Has all of them handle what waits and end, those started last first. Returns how many had not when the time was
  /// up. Never call this in an agent.
  [[nodiscard]] std::size_t drain(Duration limit);
  [[nodiscard]] std::size_t size() const;

 private:
  Mesh& mesh_;
  const plugin::AgentTypes& types_;
  mutable std::mutex mutex_;
  std::map<std::string, std::any> lent_;
  std::vector<plugin::SupervisedAgent> agents_;
  bool open_ = false;
};

}  // namespace myelin::tool
