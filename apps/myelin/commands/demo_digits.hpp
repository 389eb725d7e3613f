/// `myelin demo digits`: a thousand agents that ask a kernel actor what handwritten digits show.
#pragma once

#include <string>

#include "cli/command.hpp"
#include "demos/digits/settings.hpp"

namespace myelin::tool {

class DemoDigits : public Command {
 public:
  [[nodiscard]] std::string path() const override { return "demo digits"; }
  [[nodiscard]] std::string summary() const override {
    return "1,000 agents ask a kernel actor what handwritten digits show";
  }
  void declare(CLI::App& app) override;
  [[nodiscard]] Result<void> run(Session& session) override;

 private:
  /// The file's settings, if there is one, under those of the command line.
  [[nodiscard]] Result<digits::Settings> resolve() const;

  CLI::App* app_ = nullptr;
  digits::Settings flags_;
  std::string config_;
  bool quick_ = false;
};

}  // namespace myelin::tool
