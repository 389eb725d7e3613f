/// `myelin status` and `myelin nodes`: how a node is, and who is in its cluster.
#pragma once

#include <string>

#include "commands/operator_command.hpp"

namespace myelin::tool {

class StatusCommand final : public OperatorCommand {
 public:
  [[nodiscard]] std::string path() const override { return "status"; }
  [[nodiscard]] std::string summary() const override { return "How a running node is"; }

 private:
  void declare_own(CLI::App& app) override;
  [[nodiscard]] Result<void> run_on(const Connected& connected) override;

  std::string node_;
};

class NodesCommand final : public OperatorCommand {
 public:
  [[nodiscard]] std::string path() const override { return "nodes"; }
  [[nodiscard]] std::string summary() const override { return "Which nodes are in the cluster"; }

 private:
  void declare_own(CLI::App& app) override;
  [[nodiscard]] Result<void> run_on(const Connected& connected) override;
};

}  // namespace myelin::tool
