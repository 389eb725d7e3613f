/// `myelin doctor`: is this machine fit to run a node?
#pragma once

#include <string>

#include "cli/command.hpp"

namespace myelin::tool {

class Doctor final : public Command {
 public:
  [[nodiscard]] std::string path() const override { return "doctor"; }
  [[nodiscard]] std::string summary() const override {
    return "Checks this machine and a node's configuration, and says what to mend";
  }
  void declare(CLI::App& app) override;
  [[nodiscard]] Result<void> run(Session& session) override;

 private:
  std::string file_;
};

}  // namespace myelin::tool
