#include "core.hpp"

#include <fmt/format.h>

#include "directory/directory_agent.hpp"
#include "membership/membership_agent.hpp"
#include "myelin/actors/remote.hpp"

namespace myelin::cluster {

Core::~Core() {
  changes_->stop();
  // First the agents, which use the node.
  for (const AgentRef& agent : {membership_, directory_}) {
    if (!agent) continue;
    mesh_.stop_agent(agent);
    static_cast<void>(mesh_.drain_agent(agent, limits::kLeaveLimit));
  }
  node_.reset();
}

Result<AgentRef> Core::resolve(const AgentAddress& address) {
  if (address.node != node_->name()) return node_->find(address.node, address.name);
  if (const auto found = table_->find(address.name)) return found->agent;
  return fail(Errc::not_found, fmt::format("this node publishes no agent '{}'", address.name));
}

Result<void> Core::join(network::NodeOptions options, ClusterOptions more) {
  if (options.on_change) {
    return fail(Errc::invalid_argument, "on_change is the cluster's own: use on_view");
  }
  options.on_change = [changes = changes_](const network::PeerStatus& status) { changes->add(status); };
  auto started = network::Node::start(mesh_, options);
  if (!started) return tl::unexpected{std::move(started).error()};
  node_.emplace(*std::move(started));
  Record own{.node = node_->name(),
             .address = more.advertise.empty() ? node_->address() : std::move(more.advertise),
             .incarnation = node_->incarnation(),
             .version = 1,
             .tags = std::move(more.tags)};
  if (Result<void> checked = check(own); !checked) return checked;
  const std::uint64_t seed = own.incarnation;
  membership_ = mesh_.spawn<MembershipAgent>(std::move(own), MembershipAgent::Parts{.node = *node_,
                                                                                    .board = board_,
                                                                                    .on_view = std::move(more.on_view),
                                                                                    .gossip_period = more.gossip_period,
                                                                                    .seed = seed});
  directory_ = mesh_.spawn<DirectoryAgent>(DirectoryAgent::Parts{.mesh = mesh_,
                                                                 .node = *node_,
                                                                 .table = table_,
                                                                 .board = board_,
                                                                 .spawn = std::move(more.spawn),
                                                                 .on_end = std::move(more.on_end)});
  if (Result<void> published = node_->publish(MembershipAgent::kName, membership_); !published) return published;
  if (Result<void> published = node_->publish(DirectoryAgent::kName, directory_); !published) return published;
  changes_->set_listener(membership_);
  return {};
}

}  // namespace myelin::cluster
