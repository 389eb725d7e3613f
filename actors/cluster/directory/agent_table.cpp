#include "directory/agent_table.hpp"

#include <utility>

#include <fmt/format.h>

#include "myelin/cluster/limits.hpp"

namespace myelin::cluster {

Result<std::string> AgentTable::add(std::string name, std::string type, const AgentRef& agent) {
  const std::lock_guard guard{mutex_};
  if (agents_.size() >= limits::kPublishedMax) {
    return fail(Errc::overloaded, fmt::format("{} agents are published already: no more may be", agents_.size()));
  }
  const bool made_up = name.empty();
  while (made_up && (name.empty() || agents_.contains(name))) {
    name = fmt::format("{}.{}", type.empty() ? "agent" : type, ++made_up_);
  }
  const auto [place, added] = agents_.try_emplace(name, PublishedAgent{name, std::move(type), agent});
  if (!added) {
    return fail(Errc::invalid_argument, fmt::format("the name '{}' is in use: withdraw it first", name));
  }
  names_.emplace(agent.id(), name);
  return name;
}

void AgentTable::remove(std::string_view name) {
  PublishedAgent dropped;  // destroyed after the lock
  const std::lock_guard guard{mutex_};
  const auto found = agents_.find(name);
  if (found == agents_.end()) return;
  dropped = std::move(found->second);
  agents_.erase(found);
  const auto [begin, end] = names_.equal_range(dropped.agent.id());
  for (auto one = begin; one != end; ++one) {
    if (one->second != name) continue;
    names_.erase(one);
    return;
  }
}

std::optional<PublishedAgent> AgentTable::find(std::string_view name) const {
  const std::lock_guard guard{mutex_};
  const auto found = agents_.find(name);
  return found == agents_.end() ? std::nullopt : std::optional{found->second};
}

std::optional<std::string> AgentTable::name_of(const AgentRef& agent) const {
  const std::lock_guard guard{mutex_};
  const auto [begin, end] = names_.equal_range(agent.id());
  for (auto one = begin; one != end; ++one) {
    if (agents_.find(one->second)->second.agent == agent) return one->second;
  }
  return std::nullopt;
}

std::vector<std::string> AgentTable::names_of(AgentId agent) const {
  const std::lock_guard guard{mutex_};
  std::vector<std::string> names;
  const auto [begin, end] = names_.equal_range(agent);
  for (auto one = begin; one != end; ++one) names.push_back(one->second);
  return names;
}

std::vector<PublishedAgent> AgentTable::select(std::string_view name, std::string_view type) const {
  const std::lock_guard guard{mutex_};
  std::vector<PublishedAgent> chosen;
  for (const auto& [key, one] : agents_) {
    if ((name.empty() || key == name) && (type.empty() || one.type == type)) chosen.push_back(one);
    if (chosen.size() == limits::kListedMax) break;
  }
  return chosen;
}

}  // namespace myelin::cluster
