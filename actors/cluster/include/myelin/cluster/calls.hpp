/// What Cluster's questions are made of: each knows whom it is for, and how its answer is read (call.hpp).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "myelin/actors/agent_ref.hpp"
#include "myelin/actors/call.hpp"
#include "myelin/cluster/address.hpp"

namespace myelin::cluster {

/// An agent that is published somewhere.
struct ListedAgent {
  AgentAddress address;
  std::string type;           ///< Empty where it was published without one.
  std::string state;          ///< "ready", "starting", "restarting", "draining", ...
  std::uint64_t waiting = 0;  ///< Messages in its mailbox.
};

/// What nodes have told of their agents.
struct AgentListing {
  std::vector<ListedAgent> agents;
  /// Nodes that were asked and did not answer.
  std::vector<std::string> unreachable;
};

/// How an agent ended.
struct AgentEnd {
  enum class Cause {
    stopped,    ///< Of its own accord, or because it was told to.
    failed,     ///< See `reason`.
    unknown,    ///< Nobody of that name was there.
    node_lost,  ///< There is no connection to its node any more: it may go on there.
  };
  Cause cause;
  std::string reason = {};
};

/// Turns an address into a handle.
using Resolver = std::function<Result<AgentRef>(const AgentAddress&)>;

/// What the calls share. **Thread-safety**: a value.
class ClusterCall {
 public:
  ClusterCall(AgentRef receiver, Frame question) : receiver_{std::move(receiver)}, question_{std::move(question)} {}

  [[nodiscard]] const AgentRef& receiver() const noexcept { return receiver_; }
  [[nodiscard]] const Frame& question() const noexcept { return question_; }

 private:
  AgentRef receiver_;
  Frame question_;
};

/// Cluster::list(). **Errors**, of all of these: those of Agent::ask(); invalid_argument for an answer that names
/// nothing that can be.
class ListCall : public ClusterCall {
 public:
  using Answer = schema::AgentList;
  using Value = AgentListing;
  using ClusterCall::ClusterCall;
  [[nodiscard]] Result<Value> read(Result<Held<Answer>> answer) const;
};

/// Cluster::find(): the handle to one of those that were found.
class FindCall : public ClusterCall {
 public:
  using Answer = schema::AgentList;
  using Value = AgentRef;
  FindCall(AgentRef receiver, Frame question, std::string name, std::string self, Resolver resolve)
      : ClusterCall{std::move(receiver), std::move(question)},
        name_{std::move(name)},
        self_{std::move(self)},
        resolve_{std::move(resolve)} {}
  [[nodiscard]] Result<Value> read(Result<Held<Answer>> answer) const;

 private:
  std::string name_;
  std::string self_;
  Resolver resolve_;
};

/// Cluster::spawn(): where the new agent is.
class SpawnCall : public ClusterCall {
 public:
  using Answer = schema::AgentAddress;
  using Value = AgentAddress;
  using ClusterCall::ClusterCall;
  [[nodiscard]] Result<Value> read(Result<Held<Answer>> answer) const;
};

/// Cluster::stop().
class StopCall : public ClusterCall {
 public:
  using Answer = schema::StopDone;
  using Value = std::monostate;
  using ClusterCall::ClusterCall;
  [[nodiscard]] Result<Value> read(Result<Held<Answer>> answer) const;
};

/// Cluster::monitor(): a lost connection is an answer here, and no error.
class MonitorCall : public ClusterCall {
 public:
  using Answer = schema::AgentEnded;
  using Value = AgentEnd;
  using ClusterCall::ClusterCall;
  [[nodiscard]] Result<Value> read(Result<Held<Answer>> answer) const;
};

}  // namespace myelin::cluster
