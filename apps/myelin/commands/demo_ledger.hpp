/// `myelin demo ledger`: agents transfer money between accounts that a group of validators keeps.
#pragma once

#include <cstdint>
#include <string>

#include "cli/command.hpp"
#include "demos/ledger/settings.hpp"

namespace myelin::tool {

class DemoLedger : public Command {
 public:
  [[nodiscard]] std::string path() const override { return "demo ledger"; }
  [[nodiscard]] std::string summary() const override {
    return "Agents transfer money through a group of validators; the balances add up";
  }
  void declare(CLI::App& app) override;
  [[nodiscard]] Result<void> run(Session& session) override;

 private:
  [[nodiscard]] Result<ledger::Settings> resolve() const;

  CLI::App* app_ = nullptr;
  ledger::Settings flags_;
  std::string conflict_ = "low";
  std::string executor_ = "automatic";
  double seconds_ = 10;
  std::size_t kill_ = 0;
  std::string folder_;
  bool no_disk_ = false;
  bool quick_ = false;
};

}  // namespace myelin::tool
