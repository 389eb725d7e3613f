/// What an agent, or a thread outside the mesh, does with the agents of its node's cluster: a handle to be copied.
///
///     explicit Concierge(const plugin::AgentSettings& settings)      // an agent that a node starts is lent one
///         : directory_{settings.lent<cluster::Directory>("directory")} {}
///     ...
///     const auto greeter = co_await ask(directory_.find("greeter"), 2s);   // an AgentRef, wherever the agent is
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "myelin/actors/agent_ref.hpp"
#include "myelin/base/result.hpp"
#include "myelin/cluster/address.hpp"
#include "myelin/cluster/calls.hpp"
#include "myelin/cluster/view.hpp"

namespace myelin::cluster {

/// An agent of this node that others find.
struct PublishedAgent {
  std::string name;
  std::string type;  ///< As it was registered; empty where it was not.
  AgentRef agent;
};

/// What is promised is in docs/cluster.md. A handle whose Cluster has ended answers unreachable, and its calls
/// receiver_dead. **Thread-safety**: thread-safe, also while its Cluster is destroyed.
class Directory {
 public:
  /// What handles hold of a cluster; not for others.
  class Gate;

  /// Of no cluster.
  Directory() = default;

  /// This node's name; empty where the cluster has ended.
  [[nodiscard]] std::string self() const;
  /// Who is there, as this node sees it now.
  [[nodiscard]] std::shared_ptr<const View> view() const;

  /// Lets agents of all nodes find this one, by its name, and by the type, if it has one. An empty name: one is made
  /// up. Withdrawn when the agent ends. **Errors**: as network::Node::publish(); overloaded; unreachable.
  [[nodiscard]] Result<AgentAddress> publish(std::string name, const AgentRef& agent, std::string type = {}) const;
  void withdraw(std::string_view name) const;
  /// This node's own, by name. **Errors**, of the second: not_found.
  [[nodiscard]] std::vector<PublishedAgent> published() const;
  [[nodiscard]] Result<PublishedAgent> published(std::string_view name) const;

  /// What to send in a message so that a handle arrives: a published agent's address; one that is not published yet
  /// is, under a made-up name. **Errors**: invalid_argument for a handle that is no agent's of this cluster.
  [[nodiscard]] Result<AgentAddress> address_of(const AgentRef& agent) const;
  /// A handle to the agent at an address, whichever node it is on, whether or not it is there.
  /// **Errors**: as network::Node::find(); not_found for an agent of this node that is not published.
  [[nodiscard]] Result<AgentRef> resolve(const AgentAddress& address) const;

  // Questions for agents, and for threads outside the mesh: see call.hpp.

  /// Some agent of that name, on this node if it has one. **Errors**: not_found; unreachable where it may be on a node
  /// that did not answer.
  [[nodiscard]] FindCall find(std::string_view name) const;
  /// All agents of a name and a type (empty: of any), wherever they are.
  [[nodiscard]] ListCall list(std::string_view name = {}, std::string_view type = {}) const;
  /// Starts an agent of a type that is registered at `node`; an empty name: one is made up.
  /// **Errors**: not_found for an unknown type; invalid_argument for a name in use, and what the constructor says.
  [[nodiscard]] SpawnCall spawn(std::string_view node, std::string_view type, std::string_view name = {},
                                std::string_view settings = {}) const;
  /// Ends an agent once it has handled what waits for it. **Errors**: not_found.
  [[nodiscard]] StopCall stop(const AgentAddress& agent) const;
  /// Answered when the agent ends, or the connection to its node does: ask with a deadline as long as you care, and
  /// again after it.
  [[nodiscard]] MonitorCall monitor(const AgentAddress& agent) const;

 protected:
  explicit Directory(std::shared_ptr<Gate> gate) : gate_{std::move(gate)} {}
  /// Returns when no call uses the cluster any more, and lets none in again.
  void close() noexcept;

 private:
  std::shared_ptr<Gate> gate_;
};

}  // namespace myelin::cluster
