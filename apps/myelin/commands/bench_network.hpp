/// `myelin bench network`: messages between two processes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/report.hpp"
#include "cli/command.hpp"

namespace myelin::tool {

class BenchNetwork : public Command {
 public:
  [[nodiscard]] std::string path() const override { return "bench network"; }
  [[nodiscard]] std::string summary() const override {
    return "Messages between two processes, against raw CAF and ZeroMQ";
  }
  void declare(CLI::App& app) override;
  [[nodiscard]] Result<void> run(Session& session) override;

 private:
  BenchOptions options_;
  std::string only_;
  std::vector<std::string> sides_;
  std::string served_side_;  ///< In the other process.
  std::string served_credentials_;
  std::uint16_t served_port_ = 0;
};

}  // namespace myelin::tool
