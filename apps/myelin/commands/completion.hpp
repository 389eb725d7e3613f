/// `myelin completion` and `myelin manual`: for shells, and for man.
#pragma once

#include <string>

#include "cli/command.hpp"

namespace myelin::tool {

class Completion final : public Command {
 public:
  [[nodiscard]] std::string path() const override { return "completion"; }
  [[nodiscard]] std::string summary() const override { return "Writes what completes commands in a shell"; }
  void declare(CLI::App& app) override;
  [[nodiscard]] Result<void> run(Session& session) override;

 private:
  const CLI::App* app_ = nullptr;
  std::string shell_;
};

class Manual final : public Command {
 public:
  [[nodiscard]] std::string path() const override { return "manual"; }
  [[nodiscard]] std::string summary() const override { return "Writes the manual's page, for man"; }
  void declare(CLI::App& app) override;
  [[nodiscard]] Result<void> run(Session& session) override;

 private:
  const CLI::App* app_ = nullptr;
};

}  // namespace myelin::tool
