/// `myelin config check`: all that is wrong with a node's configuration.
#pragma once

#include <string>

#include "cli/command.hpp"

namespace myelin::tool {

class ConfigCheck final : public Command {
 public:
  [[nodiscard]] std::string path() const override { return "config check"; }
  [[nodiscard]] std::string summary() const override { return "Says all that is wrong with a node's configuration"; }
  void declare(CLI::App& app) override;
  [[nodiscard]] Result<void> run(Session& session) override;
  [[nodiscard]] int exit_status(bool succeeded) const override { return succeeded && is_well_ ? 0 : 1; }

 private:
  std::string file_;
  bool is_well_ = true;
};

}  // namespace myelin::tool
