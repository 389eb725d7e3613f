/// `myelin new agent`: writes a small project with an agent of one's own.
#pragma once

#include <string>

#include "cli/command.hpp"

namespace myelin::tool {

class NewAgent : public Command {
 public:
  [[nodiscard]] std::string path() const override { return "new agent"; }
  [[nodiscard]] std::string summary() const override {
    return "A project to start from: an agent, its messages, a program and a test";
  }
  void declare(CLI::App& app) override;
  [[nodiscard]] Result<void> run(Session& session) override;

 private:
  std::string name_;
  std::string directory_;
  bool force_ = false;
};

}  // namespace myelin::tool
