/// `myelin bench gemm`: matrix products, ours against OpenBLAS.
#pragma once

#include "bench/report.hpp"
#include "cli/command.hpp"

namespace myelin::tool {

class BenchGemm : public Command {
 public:
  [[nodiscard]] std::string path() const override { return "bench gemm"; }
  [[nodiscard]] std::string summary() const override { return "Matrix products on one thread, against OpenBLAS"; }
  void declare(CLI::App& app) override;
  [[nodiscard]] Result<void> run(Session& session) override;

 private:
  BenchOptions options_;
};

}  // namespace myelin::tool
