#include "node/hosted_agents.hpp"

#include <algorithm>
#include <utility>

namespace myelin::tool {

void HostedAgents::lend(std::string name, std::any thing) {
  const std::lock_guard guard{mutex_};
  lent_.insert_or_assign(std::move(name), std::move(thing));
}

void HostedAgents::open() {
  const std::lock_guard guard{mutex_};
  open_ = true;
}

void HostedAgents::close() {
  const std::lock_guard guard{mutex_};
  open_ = false;
}

Result<AgentRef> HostedAgents::start(std::string_view type, std::string_view settings, RestartWhen restart) {
  const auto found = types_.find(type);
  if (!found) return tl::unexpected{found.error()};
  auto told = plugin::AgentSettings::parse(settings.empty() ? "{}" : settings);
  if (!told) return tl::unexpected{told.error()};
  {
    const std::lock_guard guard{mutex_};
    for (const auto& [name, thing] : lent_) told->lend(name, thing);
  }
  auto started = (*found)->spawn_supervised(mesh_, *told, restart);
  if (!started) return tl::unexpected{started.error()};
  AgentRef agent = started->agent;
  const std::lock_guard guard{mutex_};
  // Those that have ended are forgotten when they are half of all.
  if (agents_.size() == agents_.capacity()) {
    std::erase_if(agents_, [this](const plugin::SupervisedAgent& each) {
      const bool ended = has_ended(mesh_.state_of(each.agent));
      if (ended) mesh_.stop_agent(each.supervisor);
      return ended;
    });
    agents_.reserve(std::max<std::size_t>(16, agents_.size() * 2));
  }
  agents_.push_back(*std::move(started));
  return agent;
}

Result<AgentRef> HostedAgents::start_for_others(std::string_view type, std::string_view settings) {
  {
    const std::lock_guard guard{mutex_};
    if (!open_) return fail(Errc::unreachable, "the node is starting, or stopping: it starts no agents now");
  }
  return start(type, settings, RestartWhen::on_failure);
}

std::size_t HostedAgents::drain(Duration limit) {
  std::vector<plugin::SupervisedAgent> agents;
  {
    const std::lock_guard guard{mutex_};
    agents = agents_;
  }
  const TimePoint deadline = time_after(Clock::now(), limit);
  std::size_t late = 0;
  for (auto each = agents.rbegin(); each != agents.rend(); ++each) {
    if (has_ended(mesh_.state_of(each->agent))) continue;
    const Duration left = std::max(Duration{0}, Duration{deadline - Clock::now()});
    if (!mesh_.drain_agent(each->agent, left)) ++late;
  }
  return late;
}

std::size_t HostedAgents::size() const {
  const std::lock_guard guard{mutex_};
  return agents_.size();
}

}  // namespace myelin::tool
