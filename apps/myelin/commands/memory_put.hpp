/// `myelin memory put`: sets a key, or many from a file.
#pragma once

#include <string>

#include "commands/memory_command.hpp"

namespace myelin::tool {

class MemoryPut final : public MemoryCommand {
 public:
  [[nodiscard]] std::string path() const override { return "memory put"; }
  [[nodiscard]] std::string summary() const override { return "Sets a key to a value, or many keys from a file"; }

 private:
  void declare_own(CLI::App& app) override;
  [[nodiscard]] bool makes_memory() const override { return true; }
  [[nodiscard]] Result<void> prepare(Session& session) override;
  [[nodiscard]] Result<void> run_on(const Opened& opened) override;
  [[nodiscard]] Result<void> put_one(const Opened& opened) const;

  CLI::App* app_ = nullptr;
  std::string key_;
  std::string value_;
  std::string file_;
  std::string from_;
  bool if_absent_ = false;
};

}  // namespace myelin::tool
