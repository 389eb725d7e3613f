/// `myelin memory search`: keys that match a pattern, and what they hold.
#pragma once

#include <cstdint>
#include <string>

#include "commands/memory_command.hpp"

namespace myelin::tool {

class MemorySearch final : public MemoryCommand {
 public:
  [[nodiscard]] std::string path() const override { return "memory search"; }
  [[nodiscard]] std::string summary() const override {
    return "Lists the keys that match a pattern, with their values";
  }

 private:
  void declare_own(CLI::App& app) override;
  [[nodiscard]] Result<void> run_on(const Opened& opened) override;

  std::string pattern_;
  std::uint64_t limit_ = 0;
  std::string cursor_;
  bool keys_only_ = false;
};

}  // namespace myelin::tool
