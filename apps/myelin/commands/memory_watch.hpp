/// `myelin memory watch`: what keys are changed to, as it happens.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "commands/memory_command.hpp"

namespace myelin::tool {

class MemoryWatch final : public MemoryCommand {
 public:
  [[nodiscard]] std::string path() const override { return "memory watch"; }
  [[nodiscard]] std::string summary() const override { return "Prints what keys are changed to, as it happens"; }

 private:
  void declare_own(CLI::App& app) override;
  [[nodiscard]] bool needs_others() const override { return true; }
  [[nodiscard]] Result<void> run_on(const Opened& opened) override;
  void print(const Session& session, const MemoryChanges::Change& change) const;

  std::string pattern_;
  std::optional<std::uint64_t> from_;
  std::uint64_t count_ = 0;
};

}  // namespace myelin::tool
