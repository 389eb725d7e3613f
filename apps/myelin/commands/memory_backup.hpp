/// `myelin memory backup` and `restore`: a memory into one file, and a new memory from it.
#pragma once

#include <cstddef>
#include <string>

#include "cli/command.hpp"

namespace myelin::tool {

class MemoryBackup final : public Command {
 public:
  [[nodiscard]] std::string path() const override { return "memory backup"; }
  [[nodiscard]] std::string summary() const override { return "Writes all of a memory into one file"; }
  void declare(CLI::App& app) override;
  [[nodiscard]] Result<void> run(Session& session) override;

 private:
  std::string file_;
  std::string directory_ = "myelin-memory";
};

class MemoryRestore final : public Command {
 public:
  [[nodiscard]] std::string path() const override { return "memory restore"; }
  [[nodiscard]] std::string summary() const override { return "Makes a new memory from a backup"; }
  void declare(CLI::App& app) override;
  [[nodiscard]] Result<void> run(Session& session) override;

 private:
  std::string file_;
  std::string directory_ = "myelin-memory";
  std::size_t validators_ = 0;
};

}  // namespace myelin::tool
