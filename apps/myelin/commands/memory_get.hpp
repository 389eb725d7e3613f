/// `myelin memory get`: what a key holds, as it is.
#pragma once

#include <string>

#include "commands/memory_command.hpp"

namespace myelin::tool {

class MemoryGet final : public MemoryCommand {
 public:
  [[nodiscard]] std::string path() const override { return "memory get"; }
  [[nodiscard]] std::string summary() const override { return "Writes what a key holds to standard output"; }

 private:
  void declare_own(CLI::App& app) override;
  [[nodiscard]] Result<void> prepare(Session& session) override;
  [[nodiscard]] Result<void> run_on(const Opened& opened) override;

  std::string key_;
};

}  // namespace myelin::tool
