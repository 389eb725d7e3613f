/// `myelin bench consensus`: a group of validators under load; or its core and executors alone.
#pragma once

#include <string>

#include "bench/report.hpp"
#include "cli/command.hpp"

namespace myelin::tool {

class BenchConsensus : public Command {
 public:
  [[nodiscard]] std::string path() const override { return "bench consensus"; }
  [[nodiscard]] std::string summary() const override {
    return "A group of validators under load, or its pure parts alone";
  }
  void declare(CLI::App& app) override;
  [[nodiscard]] Result<void> run(Session& session) override;

 private:
  [[nodiscard]] Result<void> run_core(Session& session);
  [[nodiscard]] Result<void> run_group(Session& session);

  BenchOptions options_;
  bool is_core_ = false;
  std::string folder_;
  std::string only_;
};

}  // namespace myelin::tool
