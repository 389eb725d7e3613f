/// `myelin logs`: the log of a running node.
#pragma once

#include <string>

#include "commands/operator_command.hpp"

namespace myelin::tool {

class LogsCommand final : public OperatorCommand {
 public:
  [[nodiscard]] std::string path() const override { return "logs"; }
  [[nodiscard]] std::string summary() const override { return "The last lines of a node's log, and what follows"; }

 private:
  void declare_own(CLI::App& app) override;
  [[nodiscard]] Result<void> run_on(const Connected& connected) override;

  std::string node_;
  bool follow_ = false;
};

}  // namespace myelin::tool
