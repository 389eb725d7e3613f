/// `myelin doctor`: is this machine fit to run a node?
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cli/command.hpp"
#include "myelin/plugin/agent_type.hpp"

namespace myelin::tool {

class Doctor final : public Command {
 public:
  /// `types`: those of agents that this program's nodes have, besides what every node has.
  explicit Doctor(std::vector<plugin::AgentType> types) : types_{std::move(types)} {}
  [[nodiscard]] std::string path() const override { return "doctor"; }
  [[nodiscard]] std::string summary() const override {
    return "Checks this machine and a node's configuration, and says what to mend";
  }
  void declare(CLI::App& app) override;
  [[nodiscard]] Result<void> run(Session& session) override;

 private:
  const std::vector<plugin::AgentType> types_;
  std::string file_;
};

}  // namespace myelin::tool
