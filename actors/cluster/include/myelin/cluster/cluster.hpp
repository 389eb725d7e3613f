/// A node among others that find each other, know who is there, and reach each other's agents by name and by type.
///
///     auto cluster = myelin::cluster::Cluster::join(mesh, {.name = "north", .seeds = {"10.0.0.1:7400"}, ...});
///     cluster->publish("greeter", mesh.spawn<Greeter>());
///     const auto greeter = mesh.ask(cluster->find("greeter"), 2s);   // in an agent: co_await ask(cluster.find(..),
///     2s)
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "myelin/actors/agent_ref.hpp"
#include "myelin/actors/agent_state.hpp"
#include "myelin/base/result.hpp"
#include "myelin/base/time.hpp"
#include "myelin/cluster/address.hpp"
#include "myelin/cluster/calls.hpp"
#include "myelin/cluster/limits.hpp"
#include "myelin/cluster/view.hpp"
#include "myelin/network/node.hpp"

namespace myelin {
class Mesh;
}  // namespace myelin

namespace myelin::cluster {

/// An agent of this node that others find.
struct PublishedAgent {
  std::string name;
  std::string type;  ///< As it was registered; empty where it was not.
  AgentRef agent;
};

/// "ready", "starting", ... **Thread-safety**: thread-safe.
[[nodiscard]] std::string_view to_string(AgentState state) noexcept;

struct ClusterOptions {
  /// What this node is good for, e.g. "gpu"; others see it.
  std::vector<std::string> tags = {};
  /// Where others reach it; empty: where it listens. Needed where that is not an address of one machine, as 0.0.0.0.
  std::string advertise = {};
  /// Starts agents that others ask for, by the type's name and settings (JSON text); without it none are. Called in
  /// agents: it must not block.
  std::function<Result<AgentRef>(std::string_view type, std::string_view settings)> spawn = {};
  /// Called with each new view, in an agent: it must not block.
  std::function<void(const View&)> on_view = {};
  /// See limits::kGossipPeriod.
  Duration gossip_period = limits::kGossipPeriod;
};

/// What is promised is in docs/cluster.md.
///
/// **Requires**: destroyed before its mesh, which is not deterministic; agents that use it have ended by then.
/// **Thread-safety**: thread-safe, but for construction, moves and destruction. Not to be destroyed by an agent.
class Cluster {
 public:
  /// Starts a node, and looks for others at its seeds and peers from now on: it does not wait for any.
  /// **Errors**: as network::Node::start(); invalid_argument for tags, or an address, that are out of bounds.
  [[nodiscard]] static Result<Cluster> join(Mesh& mesh, network::NodeOptions node, ClusterOptions options = {});
  Cluster(Cluster&&) noexcept;
  Cluster& operator=(Cluster&&) noexcept;
  /// Without leave() the others find that the node is gone, and go on looking for it.
  ~Cluster();

  /// Tells the others that this node goes for good, so that they do not wait for it. Returns when connected nodes have
  /// taken that in, or the limit is over. Never call this in an agent.
  void leave(Duration limit = limits::kLeaveLimit);

  [[nodiscard]] network::Node& node() noexcept;
  /// Who is there, as this node sees it now.
  [[nodiscard]] std::shared_ptr<const View> view() const;
  /// Waits until the view is as `condition` wants it. Never call this in an agent. **Errors**: timeout.
  [[nodiscard]] Result<void> wait(const std::function<bool(const View&)>& condition, Duration limit) const;

  /// Lets agents of all nodes find this one, by its name, and by the type, if it has one. An empty name: one is made
  /// up. Withdrawn when the agent ends. **Errors**: as network::Node::publish(); overloaded.
  [[nodiscard]] Result<AgentAddress> publish(std::string name, const AgentRef& agent, std::string type = {});
  void withdraw(std::string_view name);
  /// This node's own, by name. **Errors**, of the second: not_found.
  [[nodiscard]] std::vector<PublishedAgent> published() const;
  [[nodiscard]] Result<PublishedAgent> published(std::string_view name) const;

  /// What to send in a message so that a handle arrives: a published agent's address; one that is not published yet
  /// is, under a made-up name. **Errors**: invalid_argument for a handle that is no agent's of this cluster.
  [[nodiscard]] Result<AgentAddress> address_of(const AgentRef& agent);
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

 private:
  class Core;
  explicit Cluster(std::shared_ptr<Core> core);
  [[nodiscard]] AgentRef directory_of(std::string_view node) const;
  std::shared_ptr<Core> core_;
};

}  // namespace myelin::cluster
