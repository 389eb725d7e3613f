#include "myelin/cluster/cluster.hpp"

#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "directory/directory_agent.hpp"
#include "membership/membership_agent.hpp"
#include "myelin/actors/mesh.hpp"
#include "myelin/actors/remote.hpp"

namespace myelin::cluster {

namespace {

/// Connections may be made before there is an agent to tell of them.
class Changes {
 public:
  explicit Changes(Mesh& mesh) : mesh_{mesh} {}

  void add(const network::PeerStatus& status) {
    if (status.role != network::Role::node) return;
    const std::lock_guard guard{mutex_};
    if (listener_) {
      tell(status.node, status.connected);
    } else {
      early_.emplace_back(status.node, status.connected);
    }
  }
  void set_listener(AgentRef listener) {
    const std::lock_guard guard{mutex_};
    listener_ = std::move(listener);
    for (const auto& [node, connected] : early_) tell(node, connected);
    early_.clear();
  }
  void stop() {
    const std::lock_guard guard{mutex_};
    listener_ = {};
  }

 private:
  void tell(const std::string& node, bool connected) {
    // The control lane: no mailbox is too full for it.
    mesh_.tell(
        listener_,
        [&](schema::PeerChange::Builder change) {
          change.setNode(node);
          change.setIsConnected(connected);
        },
        Lane::control);
  }

  Mesh& mesh_;
  std::mutex mutex_;
  AgentRef listener_;
  std::vector<std::pair<std::string, bool>> early_;
};

}  // namespace

std::string_view to_string(AgentState state) noexcept {
  switch (state) {
    case AgentState::starting: return "starting";
    case AgentState::ready: return "ready";
    case AgentState::restarting: return "restarting";
    case AgentState::draining: return "draining";
    case AgentState::stopped: return "stopped";
    case AgentState::failed: return "failed";
  }
  return "unknown";
}

/// **Thread-safety**: thread-safe once joined.
class Cluster::Core {
 public:
  explicit Core(Mesh& mesh) : mesh_{mesh}, changes_{std::make_shared<Changes>(mesh)} {}
  ~Core() {
    changes_->stop();
    // First the agents, which use the node.
    for (const AgentRef& agent : {membership_, directory_}) {
      if (!agent) continue;
      mesh_.stop_agent(agent);
      static_cast<void>(mesh_.drain_agent(agent, limits::kLeaveLimit));
    }
    node_.reset();
  }
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  [[nodiscard]] Result<void> join(network::NodeOptions node, ClusterOptions options);

  [[nodiscard]] Result<AgentRef> resolve(const AgentAddress& address);

  [[nodiscard]] Mesh& mesh() noexcept { return mesh_; }
  [[nodiscard]] network::Node& node() noexcept { return *node_; }
  [[nodiscard]] const Board& board() const noexcept { return *board_; }
  [[nodiscard]] AgentTable& table() noexcept { return *table_; }
  [[nodiscard]] const AgentRef& membership() const noexcept { return membership_; }
  [[nodiscard]] const AgentRef& directory() const noexcept { return directory_; }

 private:
  Mesh& mesh_;
  const std::shared_ptr<Changes> changes_;
  const std::shared_ptr<Board> board_ = std::make_shared<Board>();
  const std::shared_ptr<AgentTable> table_ = std::make_shared<AgentTable>();
  std::optional<network::Node> node_;
  AgentRef membership_;
  AgentRef directory_;
};

Result<AgentRef> Cluster::Core::resolve(const AgentAddress& address) {
  if (address.node != node_->name()) return node_->find(address.node, address.name);
  if (const auto found = table_->find(address.name)) return found->agent;
  return fail(Errc::not_found, fmt::format("this node publishes no agent '{}'", address.name));
}

Result<void> Cluster::Core::join(network::NodeOptions options, ClusterOptions more) {
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
  directory_ = mesh_.spawn<DirectoryAgent>(DirectoryAgent::Parts{
      .mesh = mesh_, .node = *node_, .table = table_, .board = board_, .spawn = std::move(more.spawn)});
  if (Result<void> published = node_->publish(MembershipAgent::kName, membership_); !published) return published;
  if (Result<void> published = node_->publish(DirectoryAgent::kName, directory_); !published) return published;
  changes_->set_listener(membership_);
  return {};
}

Cluster::Cluster(std::shared_ptr<Core> core) : core_{std::move(core)} {}
Cluster::Cluster(Cluster&&) noexcept = default;
Cluster& Cluster::operator=(Cluster&&) noexcept = default;
Cluster::~Cluster() = default;

Result<Cluster> Cluster::join(Mesh& mesh, network::NodeOptions node, ClusterOptions options) {
  auto core = std::make_shared<Core>(mesh);
  if (Result<void> joined = core->join(std::move(node), std::move(options)); !joined) {
    return tl::unexpected{std::move(joined).error()};
  }
  return Cluster{std::move(core)};
}

void Cluster::leave(Duration limit) {
  const TimePoint end = time_after(Clock::now(), limit);
  if (!core_->mesh().ask<schema::Left>(
          core_->membership(), [](schema::Leave::Builder) {}, limit))
    return;
  static_cast<void>(core_->node().drain(std::max(Duration{0}, end - Clock::now())));
}

network::Node& Cluster::node() noexcept { return core_->node(); }
std::shared_ptr<const View> Cluster::view() const { return core_->board().view(); }

Result<void> Cluster::wait(const std::function<bool(const View&)>& condition, Duration limit) const {
  if (core_->board().wait(condition, limit)) return {};
  std::string seen;
  for (const Member& member : view()->members) {
    seen += fmt::format("{}{} {}", seen.empty() ? "" : ", ", member.node, to_string(member.state));
  }
  return fail(Errc::timeout, fmt::format("the cluster is not as it was waited for; it has: {}", seen));
}

Result<AgentAddress> Cluster::publish(std::string name, const AgentRef& agent, std::string type) {
  auto address = cluster::publish(core_->node(), core_->table(), std::move(name), std::move(type), agent);
  if (address) {
    core_->mesh().tell(
        core_->directory(), [&](schema::Published::Builder published) { published.setName(address->name); },
        Lane::control);
  }
  return address;
}

void Cluster::withdraw(std::string_view name) { cluster::withdraw(core_->node(), core_->table(), name); }

std::vector<PublishedAgent> Cluster::published() const { return core_->table().select({}, {}); }

Result<PublishedAgent> Cluster::published(std::string_view name) const {
  if (auto found = core_->table().find(name)) return *std::move(found);
  return fail(Errc::not_found,
              fmt::format("node '{}' has no agent that is published as '{}'", core_->node().name(), name));
}

Result<AgentAddress> Cluster::address_of(const AgentRef& agent) {
  if (!agent) return fail(Errc::invalid_argument, "a handle to no agent has no address");
  if (auto remote = network::Node::name_of(agent)) {
    return AgentAddress{std::move(remote->node), std::move(remote->agent)};
  }
  if (auto name = core_->table().name_of(agent)) return AgentAddress{core_->node().name(), *std::move(name)};
  return publish({}, agent);
}

Result<AgentRef> Cluster::resolve(const AgentAddress& address) const { return core_->resolve(address); }

AgentRef Cluster::directory_of(std::string_view node) const {
  if (node == core_->node().name()) return core_->directory();
  // Whoever asks no agent gets receiver_dead; a name that no node can have is such a case.
  return core_->node().find(node, DirectoryAgent::kName).value_or(AgentRef{});
}

namespace {

Frame question_for(std::string_view name, std::string_view type) {
  return make_frame<schema::FindAgents>([&](schema::FindAgents::Builder find) {
    find.setName(std::string{name});
    find.setType(std::string{type});
    find.setEverywhere(true);
  });
}

}  // namespace

FindCall Cluster::find(std::string_view name) const {
  return {core_->directory(), question_for(name, {}), std::string{name}, core_->node().name(),
          [core = std::weak_ptr{core_}](const AgentAddress& address) -> Result<AgentRef> {
            if (const auto joined = core.lock()) return joined->resolve(address);
            return fail(Errc::unreachable, "this node is not in its cluster any more");
          }};
}

ListCall Cluster::list(std::string_view name, std::string_view type) const {
  return {core_->directory(), question_for(name, type)};
}

SpawnCall Cluster::spawn(std::string_view node, std::string_view type, std::string_view name,
                         std::string_view settings) const {
  return {directory_of(node), make_frame<schema::SpawnAgent>([&](schema::SpawnAgent::Builder spawn) {
            spawn.setType(std::string{type});
            spawn.setName(std::string{name});
            spawn.setSettings(std::string{settings});
          })};
}

StopCall Cluster::stop(const AgentAddress& agent) const {
  return {directory_of(agent.node),
          make_frame<schema::StopAgent>([&](schema::StopAgent::Builder stop) { stop.setName(agent.name); })};
}

MonitorCall Cluster::monitor(const AgentAddress& agent) const {
  return {directory_of(agent.node), make_frame<schema::MonitorAgent>(
                                        [&](schema::MonitorAgent::Builder monitor) { monitor.setName(agent.name); })};
}

}  // namespace myelin::cluster
