#include "myelin/cluster/directory.hpp"

#include <utility>

#include <fmt/format.h>

#include "core.hpp"
#include "directory/directory_agent.hpp"
#include "directory/gate.hpp"

namespace myelin::cluster {

namespace {

tl::unexpected<Error> no_cluster() { return fail(Errc::unreachable, "this node is not in its cluster any more"); }

Frame question_for(std::string_view name, std::string_view type) {
  return make_frame<schema::FindAgents>([&](schema::FindAgents::Builder find) {
    find.setName(std::string{name});
    find.setType(std::string{type});
    find.setEverywhere(true);
  });
}

/// Whoever asks no agent gets receiver_dead.
AgentRef directory_here(const Directory::Gate::Use& core) { return core ? core->directory() : AgentRef{}; }

/// A name that no node can have is no agent either.
AgentRef directory_on(const Directory::Gate::Use& core, std::string_view node) {
  if (!core || node == core->node().name()) return directory_here(core);
  return core->node().find(node, DirectoryAgent::kName).value_or(AgentRef{});
}

Result<AgentAddress> publish_in(Core& core, std::string name, const AgentRef& agent, std::string type) {
  auto address = cluster::publish(core.node(), core.table(), std::move(name), std::move(type), agent);
  if (address) {
    core.mesh().tell(
        core.directory(), [&](schema::Published::Builder published) { published.setName(address->name); },
        Lane::control);
  }
  return address;
}

}  // namespace

void Directory::close() noexcept {
  if (gate_ != nullptr) gate_->close();
}

std::string Directory::self() const {
  const Gate::Use core{gate_};
  return core ? core->node().name() : std::string{};
}

std::shared_ptr<const View> Directory::view() const {
  const Gate::Use core{gate_};
  return core ? core->board().view() : std::make_shared<const View>();
}

Result<AgentAddress> Directory::publish(std::string name, const AgentRef& agent, std::string type) const {
  const Gate::Use core{gate_};
  if (!core) return no_cluster();
  return publish_in(*core, std::move(name), agent, std::move(type));
}

void Directory::withdraw(std::string_view name) const {
  if (const Gate::Use core{gate_}) cluster::withdraw(core->node(), core->table(), name);
}

std::vector<PublishedAgent> Directory::published() const {
  const Gate::Use core{gate_};
  return core ? core->table().select({}, {}) : std::vector<PublishedAgent>{};
}

Result<PublishedAgent> Directory::published(std::string_view name) const {
  const Gate::Use core{gate_};
  if (!core) return no_cluster();
  if (auto found = core->table().find(name)) return *std::move(found);
  return fail(Errc::not_found,
              fmt::format("node '{}' has no agent that is published as '{}'", core->node().name(), name));
}

Result<AgentAddress> Directory::address_of(const AgentRef& agent) const {
  if (!agent) return fail(Errc::invalid_argument, "a handle to no agent has no address");
  if (auto remote = network::Node::name_of(agent)) {
    return AgentAddress{std::move(remote->node), std::move(remote->agent)};
  }
  const Gate::Use core{gate_};
  if (!core) return no_cluster();
  if (auto name = core->table().name_of(agent)) return AgentAddress{core->node().name(), *std::move(name)};
  return publish_in(*core, {}, agent, {});
}

Result<AgentRef> Directory::resolve(const AgentAddress& address) const {
  const Gate::Use core{gate_};
  if (!core) return no_cluster();
  return core->resolve(address);
}

FindCall Directory::find(std::string_view name) const {
  const Gate::Use core{gate_};
  return {directory_here(core), question_for(name, {}), std::string{name}, core ? core->node().name() : std::string{},
          [directory = *this](const AgentAddress& address) { return directory.resolve(address); }};
}

ListCall Directory::list(std::string_view name, std::string_view type) const {
  return {directory_here(Gate::Use{gate_}), question_for(name, type)};
}

SpawnCall Directory::spawn(std::string_view node, std::string_view type, std::string_view name,
                           std::string_view settings) const {
  return {directory_on(Gate::Use{gate_}, node), make_frame<schema::SpawnAgent>([&](schema::SpawnAgent::Builder spawn) {
            spawn.setType(std::string{type});
            spawn.setName(std::string{name});
            spawn.setSettings(std::string{settings});
          })};
}

StopCall Directory::stop(const AgentAddress& agent) const {
  return {directory_on(Gate::Use{gate_}, agent.node),
          make_frame<schema::StopAgent>([&](schema::StopAgent::Builder stop) { stop.setName(agent.name); })};
}

MonitorCall Directory::monitor(const AgentAddress& agent) const {
  return {
      directory_on(Gate::Use{gate_}, agent.node),
      make_frame<schema::MonitorAgent>([&](schema::MonitorAgent::Builder monitor) { monitor.setName(agent.name); })};
}

}  // namespace myelin::cluster
