/// `myelin memory backup` and `restore`: a memory into one file, and a new memory from it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "cli/command.hpp"
#include "memory/node_flags.hpp"

namespace myelin::tool {

class MemoryBackup final : public Command {
 public:
  [[nodiscard]] std::string path() const override { return "memory backup"; }
  [[nodiscard]] std::string summary() const override { return "Writes all of a memory into one file"; }
  void declare(CLI::App& app) override;
  [[nodiscard]] Result<void> run(Session& session) override;

 private:
  /// Of which state, and from where.
  struct Made {
    std::uint64_t commit = 0;
    std::string from{};  // a validator's name; empty: the directory
  };
  [[nodiscard]] Result<Made> back_up_directory(Session& session) const;
  [[nodiscard]] Result<Made> back_up_validators(Session& session) const;

  std::string file_;
  std::string directory_ = "myelin-memory";
  std::string committee_;
  std::string from_;
  NodeFlags flags_;
  double seconds_ = 60;
};

class MemoryRestore final : public Command {
 public:
  [[nodiscard]] std::string path() const override { return "memory restore"; }
  [[nodiscard]] std::string summary() const override { return "Makes a new memory from a backup"; }
  void declare(CLI::App& app) override;
  [[nodiscard]] Result<void> run(Session& session) override;

 private:
  /// The folder of one validator of several.
  [[nodiscard]] Result<void> restore_one(Session& session) const;

  std::string file_;
  std::string directory_ = "myelin-memory";
  std::size_t validators_ = 0;
  std::string committee_;
};

}  // namespace myelin::tool
