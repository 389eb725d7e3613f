/// `myelin agents ls|info|spawn|stop`, `myelin ask` and `myelin tell`: the agents of a running cluster.
#pragma once

#include <string>

#include "commands/operator_command.hpp"
#include "myelin/cluster/address.hpp"
#include "myelin/operation.capnp.h"

namespace myelin::tool {

class AgentsList final : public OperatorCommand {
 public:
  [[nodiscard]] std::string path() const override { return "agents ls"; }
  [[nodiscard]] std::string summary() const override { return "Which agents are published, on all nodes"; }

 private:
  void declare_own(CLI::App& app) override;
  [[nodiscard]] Result<void> run_on(const Connected& connected) override;

  std::string type_;
};

/// What is about one agent.
class AgentCommand : public OperatorCommand {
 protected:
  void declare_agent(CLI::App& app);
  [[nodiscard]] Result<void> prepare(Session& session) override;
  [[nodiscard]] const cluster::AgentAddress& agent() const noexcept { return agent_; }

 private:
  std::string text_;
  cluster::AgentAddress agent_;
};

class AgentsInfo final : public AgentCommand {
 public:
  [[nodiscard]] std::string path() const override { return "agents info"; }
  [[nodiscard]] std::string summary() const override { return "What one agent is, and which messages it takes"; }

 private:
  void declare_own(CLI::App& app) override;
  [[nodiscard]] Result<void> run_on(const Connected& connected) override;
};

class AgentsStop final : public AgentCommand {
 public:
  [[nodiscard]] std::string path() const override { return "agents stop"; }
  [[nodiscard]] std::string summary() const override { return "Ends an agent"; }

 private:
  void declare_own(CLI::App& app) override;
  [[nodiscard]] Result<void> run_on(const Connected& connected) override;
};

class AgentsSpawn final : public OperatorCommand {
 public:
  [[nodiscard]] std::string path() const override { return "agents spawn"; }
  [[nodiscard]] std::string summary() const override { return "Starts an agent of a type that a node knows"; }

 private:
  void declare_own(CLI::App& app) override;
  [[nodiscard]] Result<void> prepare(Session& session) override;
  [[nodiscard]] Result<void> run_on(const Connected& connected) override;

  std::string type_;
  std::string node_;
  std::string name_;
  std::string settings_;
};

/// `ask` and `tell`.
class MessageCommand : public AgentCommand {
 protected:
  void declare_message(CLI::App& app);
  [[nodiscard]] Result<Held<schema::AskAnswer>> put(const Connected& connected, bool tell) const;

 private:
  std::string message_;
  std::string json_;
};

class AskCommand final : public MessageCommand {
 public:
  [[nodiscard]] std::string path() const override { return "ask"; }
  [[nodiscard]] std::string summary() const override { return "Asks an agent, and shows its answer"; }

 private:
  void declare_own(CLI::App& app) override;
  [[nodiscard]] Result<void> run_on(const Connected& connected) override;
};

class TellCommand final : public MessageCommand {
 public:
  [[nodiscard]] std::string path() const override { return "tell"; }
  [[nodiscard]] std::string summary() const override { return "Sends an agent a message"; }

 private:
  void declare_own(CLI::App& app) override;
  [[nodiscard]] Result<void> run_on(const Connected& connected) override;
};

}  // namespace myelin::tool
