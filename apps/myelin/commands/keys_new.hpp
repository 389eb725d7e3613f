/// `myelin keys new`: a validator's secret key, in a file of its own.
#pragma once

#include <string>

#include "cli/command.hpp"

namespace myelin::tool {

class KeysNew final : public Command {
 public:
  [[nodiscard]] std::string path() const override { return "keys new"; }
  [[nodiscard]] std::string summary() const override { return "Makes a validator's key, and says its public part"; }
  void declare(CLI::App& app) override;
  [[nodiscard]] Result<void> run(Session& session) override;

 private:
  std::string file_;
};

}  // namespace myelin::tool
