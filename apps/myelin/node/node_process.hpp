/// One node of a mesh, from its configuration to its end.
#pragma once

#include <spdlog/logger.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "myelin/cluster/cluster.hpp"
#include "myelin/memory/memory.hpp"
#include "myelin/operation/operations.hpp"
#include "myelin/plugin/agent_types.hpp"
#include "myelin/plugin/load.hpp"
#include "myelin/validator/group.hpp"
#include "myelin/validator/validator.hpp"
#include "node/data_folder.hpp"
#include "node/event_logs.hpp"
#include "node/hosted_agents.hpp"
#include "node/node_config.hpp"
#include "node/node_credentials.hpp"
#include "node/node_failure.hpp"
#include "node/singleton_agents.hpp"

namespace myelin::tool {

/// **Thread-safety**: thread-compatible.
class NodeProcess {
 public:
  /// Everything that the configuration names is there when this returns: agents are published, a validator runs.
  /// Others need not have been found yet. `types`: those of this program, besides the ones that every node has.
  [[nodiscard]] static NodeResult<std::unique_ptr<NodeProcess>> start(const NodeConfig& config,
                                                                      const std::vector<plugin::AgentType>& types = {});
  NodeProcess(const NodeProcess&) = delete;
  NodeProcess& operator=(const NodeProcess&) = delete;
  /// Without stop(), as a crash would.
  ~NodeProcess();

  /// Returns when it is told to stop, or something has broken that it cannot be without.
  [[nodiscard]] NodeResult<void> wait(const std::stop_token& stop);
  /// Nothing new comes in; agents finish what they have begun; the others are told goodbye. Once.
  /// **Errors**: NodeExit::late, naming what was not done within the deadline.
  [[nodiscard]] NodeResult<void> stop(Duration limit);

  [[nodiscard]] cluster::Cluster& cluster() noexcept { return *cluster_; }
  [[nodiscard]] const std::vector<plugin::LoadedPlugin>& plugins() const noexcept { return plugins_; }
  [[nodiscard]] const plugin::AgentTypes& types() const noexcept { return types_; }
  /// What the configuration's agents are published as.
  [[nodiscard]] const std::vector<std::string>& published() const noexcept { return published_; }
  [[nodiscard]] const std::optional<NodeCredentials>& credentials() const noexcept { return credentials_; }
  [[nodiscard]] spdlog::logger& log() noexcept { return *log_; }

 private:
  NodeProcess(const NodeConfig& config, DataFolder folder) : config_{config}, folder_{std::move(folder)} {}

  [[nodiscard]] NodeResult<void> open(const std::vector<plugin::AgentType>& types);
  [[nodiscard]] Result<void> load_types(const std::vector<plugin::AgentType>& types);
  [[nodiscard]] Result<void> check_types() const;
  [[nodiscard]] NodeResult<void> join();
  [[nodiscard]] Result<void> start_memory();
  [[nodiscard]] Result<void> start_agents();
  /// Where the log is standard error, whoever runs the node says it there.
  void log_end(std::string_view what, const Error& error) const;
  /// Nobody calls into what is destroyed next.
  void end_event_logs();

  const NodeConfig config_;
  DataFolder folder_;
  const std::shared_ptr<operation::LogBook> book_ = std::make_shared<operation::LogBook>();
  std::shared_ptr<spdlog::logger> log_;
  plugin::AgentTypes types_;
  std::vector<plugin::LoadedPlugin> plugins_;
  std::optional<NodeCredentials> credentials_;
  std::vector<std::string> published_;
  std::shared_ptr<ViewLog> view_log_;
  std::optional<validator::CommitteeFile> committee_;  ///< As the file has it.

  // In this order: each is destroyed before what it uses.
  std::optional<Mesh> mesh_;
  std::optional<HostedAgents> hosted_;
  std::optional<cluster::Cluster> cluster_;
  std::optional<operation::Operations> operations_;
  std::optional<validator::ValidatorGroup> group_;
  std::optional<validator::Validator> validator_;
  std::optional<Memory> memory_;
  std::optional<SingletonAgents> singletons_;
};

}  // namespace myelin::tool
