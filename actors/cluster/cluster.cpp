#include "myelin/cluster/cluster.hpp"

#include <memory>
#include <utility>

#include <fmt/format.h>

#include "core.hpp"
#include "directory/gate.hpp"

namespace myelin::cluster {

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

Cluster::Cluster(std::unique_ptr<Core> core) : Directory{std::make_shared<Gate>(*core)}, core_{std::move(core)} {}
Cluster::Cluster(Cluster&&) noexcept = default;
Cluster& Cluster::operator=(Cluster&& other) noexcept {
  if (this == &other) return *this;
  close();
  Directory::operator=(std::move(other));
  core_ = std::move(other.core_);
  return *this;
}
Cluster::~Cluster() { close(); }

Result<Cluster> Cluster::join(Mesh& mesh, network::NodeOptions node, ClusterOptions options) {
  auto core = std::make_unique<Core>(mesh);
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

Result<void> Cluster::wait(const std::function<bool(const View&)>& condition, Duration limit) const {
  if (core_->board().wait(condition, limit)) return {};
  std::string seen;
  for (const Member& member : view()->members) {
    seen += fmt::format("{}{} {}", seen.empty() ? "" : ", ", member.node, to_string(member.state));
  }
  return fail(Errc::timeout, fmt::format("the cluster is not as it was waited for; it has: {}", seen));
}

}  // namespace myelin::cluster
