/// One handle for many agents that do the same on different nodes: kernel actors, above all.
///
///     const AgentRef digits = mesh.spawn<cluster::Balancer>(cluster.directory(), {.name = "digits", .prefer_tag =
///     "gpu"}); const auto answer = co_await ask<InferAnswer>(digits, question, 2s);
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "myelin/actors/agent.hpp"
#include "myelin/cluster/directory.hpp"

namespace myelin::cluster {

struct BalancerOptions {
  /// Agents of that name, and of that type; empty: of any. Not both empty.
  std::string name = {};
  std::string type = {};
  /// Where nodes with this tag have such agents, only those are asked; empty: all are alike.
  std::string prefer_tag = {};
  /// How often it looks which there are, and how many messages wait at each.
  Duration refresh = std::chrono::milliseconds{500};
};

/// Passes each message on, whatever it is, to the agent that has least to do: for which fewest messages waited when it
/// was last looked, and of this balancer's own fewest are open. Answers come back through it. A question that could not
/// be sent, because there was no connection, is put to another; one whose outcome is unknown is not. What comes before
/// any agent is known waits, up to kWaitingMax messages.
///
/// **Errors**, besides those of the agents: not_found, where there is none at the question's deadline; overloaded.
/// **Thread-safety**: actor-confined.
class Balancer final : public Agent {
 public:
  static constexpr std::size_t kWaitingMax = 1024;

  /// **Errors**: throws std::invalid_argument for options without a name and a type.
  Balancer(Directory directory, BalancerOptions options);

  static void handlers(Handlers<Balancer>& on) { on.any<&Balancer::take>(); }
  void on_start() override;

 private:
  struct Target {
    AgentAddress address;
    AgentRef agent;
    bool preferred = false;
    std::uint64_t waiting = 0;  ///< In its mailbox, when last looked.
    std::uint64_t open = 0;     ///< Of this balancer's.
  };
  struct Waiting {
    Frame message;
    std::shared_ptr<ReplyAddress> reply;
  };

  void take(Frame message, ReplyAddress reply);
  void pass(Frame message, std::shared_ptr<ReplyAddress> reply, std::size_t attempts);
  void refresh();
  void refreshed(const AgentListing& listing);
  [[nodiscard]] std::shared_ptr<Target> choose();

  const Directory directory_;
  const BalancerOptions options_;
  std::vector<std::shared_ptr<Target>> targets_;
  std::size_t next_ = 0;  ///< Where to begin to look, so that those that are alike take turns.
  std::deque<Waiting> waiting_;
  bool refreshing_ = false;
};

}  // namespace myelin::cluster
