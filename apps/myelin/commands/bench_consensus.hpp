/// `myelin bench consensus`: the consensus core and the executors, without network and disk.
#pragma once

#include "bench/report.hpp"
#include "cli/command.hpp"

namespace myelin::tool {

class BenchConsensus : public Command {
 public:
  [[nodiscard]] std::string path() const override { return "bench consensus"; }
  [[nodiscard]] std::string summary() const override {
    return "The consensus core: vertices, executors, digests, signatures";
  }
  void declare(CLI::App& app) override;
  [[nodiscard]] Result<void> run(Session& session) override;

 private:
  BenchOptions options_;
  bool is_core_ = false;
};

}  // namespace myelin::tool
