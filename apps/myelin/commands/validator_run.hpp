/// `myelin validator run`: one validator of a group, until it is told to end.
#pragma once

#include <string>

#include "cli/command.hpp"
#include "memory/node_flags.hpp"
#include "myelin/validator/committee_file.hpp"
#include "myelin/validator/validator.hpp"

namespace myelin::tool {

class ValidatorRun final : public Command {
 public:
  [[nodiscard]] std::string path() const override { return "validator run"; }
  [[nodiscard]] std::string summary() const override { return "Runs one validator of a group of processes"; }
  void declare(CLI::App& app) override;
  [[nodiscard]] Result<void> run(Session& session) override;

 private:
  void show_start(Session& session, const validator::Validator& running, const std::string& address) const;

  std::string folder_;
  std::string committee_;
  std::string listen_;
  bool joins_ = false;
  NodeFlags flags_;
};

}  // namespace myelin::tool
