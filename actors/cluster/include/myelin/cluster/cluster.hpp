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
#include "myelin/cluster/directory.hpp"
#include "myelin/cluster/limits.hpp"
#include "myelin/cluster/view.hpp"
#include "myelin/network/node.hpp"

namespace myelin {
class Mesh;
}  // namespace myelin

namespace myelin::cluster {

/// "ready", "starting", ... **Thread-safety**: thread-safe.
[[nodiscard]] std::string_view to_string(AgentState state) noexcept;

class Core;

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
  /// Called when an agent that this node publishes has ended, stopped or failed, in an agent: it must not block.
  std::function<void(const PublishedAgent&, const AgentEnd&)> on_end = {};
  /// See limits::kGossipPeriod.
  Duration gossip_period = limits::kGossipPeriod;
};

/// This node's part in a cluster. What is promised is in docs/cluster.md.
///
/// **Requires**: destroyed before its mesh, which is not deterministic.
/// **Thread-safety**: thread-safe, but for construction, moves and destruction. Not to be destroyed by an agent.
class Cluster : public Directory {
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
  /// For agents to keep.
  [[nodiscard]] Directory directory() const noexcept { return *this; }
  /// Waits until the view is as `condition` wants it. Never call this in an agent. **Errors**: timeout.
  [[nodiscard]] Result<void> wait(const std::function<bool(const View&)>& condition, Duration limit) const;

 private:
  explicit Cluster(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

}  // namespace myelin::cluster
