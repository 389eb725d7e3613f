/// `myelin demo cluster`: four nodes, a thousand agents, and a node that dies.
#pragma once

#include <cstddef>
#include <string>

#include "cli/command.hpp"

namespace myelin::tool {

class DemoCluster final : public Command {
 public:
  [[nodiscard]] std::string path() const override { return "demo cluster"; }
  [[nodiscard]] std::string summary() const override {
    return "Four nodes with a thousand agents read digits; one node is killed, and comes back";
  }
  void declare(CLI::App& app) override;
  [[nodiscard]] Result<void> run(Session& session) override;

 private:
  std::size_t nodes_ = 4;
  std::size_t agents_ = 1000;
  double seconds_ = 9;
  bool no_kill_ = false;
  bool quick_ = false;
  std::string folder_;
  std::string data_;
  CLI::App* app_ = nullptr;
};

}  // namespace myelin::tool
