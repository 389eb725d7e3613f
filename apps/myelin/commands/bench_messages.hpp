/// `myelin bench messages`: throughput, latency, spawning and memory of messaging.
#pragma once

#include <vector>

#include "bench/messages.hpp"
#include "bench/report.hpp"
#include "cli/command.hpp"

namespace myelin::tool {

class BenchMessages : public Command {
 public:
  [[nodiscard]] std::string path() const override { return "bench messages"; }
  [[nodiscard]] std::string summary() const override {
    return "Messages between agents: throughput, round trips, spawning, memory";
  }
  void declare(CLI::App& app) override;
  [[nodiscard]] Result<void> run(Session& session) override;

 private:
  [[nodiscard]] Result<void> measure_memory(const Session& session) const;

  BenchOptions options_;
  std::vector<std::size_t> workers_{1, 2};
  std::string memory_of_;
};

}  // namespace myelin::tool
