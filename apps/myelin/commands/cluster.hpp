/// `myelin cluster up|down|status`: a whole cluster on this machine.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "cli/command.hpp"
#include "operation/cluster_folder.hpp"

namespace myelin::tool {

class ClusterUp final : public Command {
 public:
  [[nodiscard]] std::string path() const override { return "cluster up"; }
  [[nodiscard]] std::string summary() const override { return "Starts nodes on this machine, in one folder"; }
  void declare(CLI::App& app) override;
  [[nodiscard]] Result<void> run(Session& session) override;

 private:
  void warn_of_plugins(const Session& session, const ClusterFolder& folder) const;

  std::string folder_;
  std::optional<std::size_t> nodes_;
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
  bool when_closed_ = false;
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
