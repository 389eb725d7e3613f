/// `myelin node`: runs one node until it is told to end.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/command.hpp"
#include "node/node_failure.hpp"
#include "node/node_process.hpp"

namespace myelin::tool {

class NodeRun final : public Command {
 public:
  /// `types`: of agents that this program has.
  explicit NodeRun(std::vector<plugin::AgentType> types) : types_{std::move(types)} {}

  [[nodiscard]] std::string path() const override { return "node"; }
  [[nodiscard]] std::string summary() const override { return "Runs a node: agents, by a configuration file"; }
  void declare(CLI::App& app) override;
  [[nodiscard]] Result<void> run(Session& session) override;
  [[nodiscard]] bool ends_when_told() const override { return true; }
  [[nodiscard]] int exit_status(bool succeeded) const override { return succeeded ? 0 : static_cast<int>(status_); }

 private:
  [[nodiscard]] NodeResult<void> run_node(Session& session);
  void show_ready(Session& session, NodeProcess& node) const;

  const std::vector<plugin::AgentType> types_;
  std::string file_;
  std::optional<int> ready_fd_;
  std::map<std::string, std::string> flags_;
  NodeExit status_ = NodeExit::failed;
};

}  // namespace myelin::tool
