/// `myelin memory replace`: a validator of a memory in a directory gets a new key, where its files were lost.
#pragma once

#include <cstddef>
#include <string>

#include "cli/command.hpp"

namespace myelin::tool {

class MemoryReplace final : public Command {
 public:
  [[nodiscard]] std::string path() const override { return "memory replace"; }
  [[nodiscard]] std::string summary() const override { return "Replaces a validator whose key, log or state was lost"; }
  void declare(CLI::App& app) override;
  [[nodiscard]] Result<void> run(Session& session) override;

 private:
  std::size_t validator_ = 0;
  std::string directory_ = "myelin-memory";
  double seconds_ = 60;
};

}  // namespace myelin::tool
