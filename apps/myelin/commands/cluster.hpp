/// `myelin cluster up|down|status`: a whole cluster on this machine.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cli/command.hpp"

namespace myelin::tool {

class ClusterUp final : public Command {
 public:
  [[nodiscard]] std::string path() const override { return "cluster up"; }
  [[nodiscard]] std::string summary() const override { return "Starts nodes on this machine, in one folder"; }
  void declare(CLI::App& app) override;
  [[nodiscard]] Result<void> run(Session& session) override;

 private:
  std::string folder_;
  std::size_t nodes_ = 4;
  std::vector<std::string> plugins_;
};

class ClusterDown final : public Command {
 public:
  [[nodiscard]] std::string path() const override { return "cluster down"; }
  [[nodiscard]] std::string summary() const override { return "Ends them"; }
  void declare(CLI::App& app) override;
  [[nodiscard]] Result<void> run(Session& session) override;

 private:
  std::string folder_;
  bool delete_ = false;
};

class ClusterStatus final : public Command {
 public:
  [[nodiscard]] std::string path() const override { return "cluster status"; }
  [[nodiscard]] std::string summary() const override { return "Which of them run, and what each sees"; }
  void declare(CLI::App& app) override;
  [[nodiscard]] Result<void> run(Session& session) override;

 private:
  std::string folder_;
};

}  // namespace myelin::tool
