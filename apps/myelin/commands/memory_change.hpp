/// `myelin memory cas`, `del`, `add`, `transfer` and `claim`: changes that say what became of them.
#pragma once

#include <cstdint>
#include <string>

#include "commands/memory_command.hpp"

namespace myelin::tool {

class MemoryCas final : public MemoryCommand {
 public:
  [[nodiscard]] std::string path() const override { return "memory cas"; }
  [[nodiscard]] std::string summary() const override { return "Sets a key if it holds what is expected"; }

 private:
  void declare_own(CLI::App& app) override;
  [[nodiscard]] Result<void> prepare(Session& session) override;
  [[nodiscard]] Result<void> run_on(const Opened& opened) override;

  std::string key_;
  std::string expected_;
  std::string desired_;
};

class MemoryDel final : public MemoryCommand {
 public:
  [[nodiscard]] std::string path() const override { return "memory del"; }
  [[nodiscard]] std::string summary() const override { return "Makes a key hold nothing"; }

 private:
  void declare_own(CLI::App& app) override;
  [[nodiscard]] Result<void> prepare(Session& session) override;
  [[nodiscard]] Result<void> run_on(const Opened& opened) override;

  std::string key_;
};

class MemoryAdd final : public MemoryCommand {
 public:
  [[nodiscard]] std::string path() const override { return "memory add"; }
  [[nodiscard]] std::string summary() const override { return "Adds to a number, and writes what it is then"; }

 private:
  void declare_own(CLI::App& app) override;
  [[nodiscard]] bool makes_memory() const override { return true; }
  [[nodiscard]] Result<void> prepare(Session& session) override;
  [[nodiscard]] Result<void> run_on(const Opened& opened) override;

  std::string key_;
  std::int64_t delta_ = 0;
};

class MemoryTransfer final : public MemoryCommand {
 public:
  [[nodiscard]] std::string path() const override { return "memory transfer"; }
  [[nodiscard]] std::string summary() const override { return "Moves from one number to another, if there is as much"; }

 private:
  void declare_own(CLI::App& app) override;
  [[nodiscard]] Result<void> prepare(Session& session) override;
  [[nodiscard]] Result<void> run_on(const Opened& opened) override;

  std::string from_;
  std::string to_;
  std::int64_t amount_ = 0;
};

class MemoryClaim final : public MemoryCommand {
 public:
  [[nodiscard]] std::string path() const override { return "memory claim"; }
  [[nodiscard]] std::string summary() const override { return "Takes a lease on a key that holds nothing"; }

 private:
  void declare_own(CLI::App& app) override;
  [[nodiscard]] bool makes_memory() const override { return true; }
  [[nodiscard]] Result<void> prepare(Session& session) override;
  [[nodiscard]] Result<void> run_on(const Opened& opened) override;

  std::string key_;
  double lease_seconds_ = 60;
};

}  // namespace myelin::tool
