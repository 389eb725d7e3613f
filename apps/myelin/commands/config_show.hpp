/// `myelin config show`: a node's configuration, with everything that can be said.
#pragma once

#include <string>

#include "cli/command.hpp"

namespace myelin::tool {

class ConfigShow final : public Command {
 public:
  [[nodiscard]] std::string path() const override { return "config show"; }
  [[nodiscard]] std::string summary() const override { return "Prints a node's configuration, commented"; }
  void declare(CLI::App& app) override;
  [[nodiscard]] Result<void> run(Session& session) override;

 private:
  std::string file_;
};

}  // namespace myelin::tool
