/// `myelin certs new`: what nodes prove themselves with.
#pragma once

#include <string>
#include <vector>

#include "cli/command.hpp"

namespace myelin::tool {

class CertsNew final : public Command {
 public:
  [[nodiscard]] std::string path() const override { return "certs new"; }
  [[nodiscard]] std::string summary() const override {
    return "Makes a cluster's authority and a certificate for each node, or person";
  }
  void declare(CLI::App& app) override;
  [[nodiscard]] Result<void> run(Session& session) override;

 private:
  std::string folder_;
  std::vector<std::string> nodes_;
  std::string role_ = "node";
  std::string cluster_ = "myelin";
  unsigned days_ = 3650;
};

}  // namespace myelin::tool
