/// `myelin bench kernels`: the numeric kernels, each beside the best library for it, under the machine's limits.
#pragma once

#include <string>
#include <vector>

#include "bench/report.hpp"
#include "cli/command.hpp"

namespace myelin::tool {

class BenchKernels : public Command {
 public:
  [[nodiscard]] std::string path() const override { return "bench kernels"; }
  [[nodiscard]] std::string summary() const override {
    return "Numeric kernels against the best libraries, on one thread and two";
  }
  void declare(CLI::App& app) override;
  [[nodiscard]] Result<void> run(Session& session) override;

 private:
  BenchOptions options_;
  std::vector<std::string> families_;
  std::string svg_;
  std::string target_;
};

}  // namespace myelin::tool
