/// `myelin bench agents`: the Savina programs and what else agents must be good at, against raw CAF and Erlang.
#pragma once

#include <string>
#include <vector>

#include "bench/report.hpp"
#include "bench/savina/cases.hpp"
#include "cli/command.hpp"

namespace myelin::tool {

class BenchAgents : public Command {
 public:
  [[nodiscard]] std::string path() const override { return "bench agents"; }
  [[nodiscard]] std::string summary() const override {
    return "Agents at work: the Savina programs, asks, a million agents, rest, overload";
  }
  void declare(CLI::App& app) override;
  [[nodiscard]] Result<void> run(Session& session) override;

 private:
  [[nodiscard]] Result<void> measure(Session& session);

  BenchOptions options_;
  std::vector<std::size_t> workers_{1, 2};
  std::vector<std::string> only_;
  std::string question_;
};

}  // namespace myelin::tool
