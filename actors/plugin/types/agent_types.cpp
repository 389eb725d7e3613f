#include "myelin/plugin/agent_types.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "myelin/base/suggestion.hpp"

namespace myelin::plugin {

namespace {

bool is_good_name(std::string_view name) {
  return !name.empty() && name.size() <= kTypeNameBytesMax && std::ranges::all_of(name, [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') ||
           letter == '_' || letter == '-' || letter == '.';
  });
}

std::string whose(const AgentType& type) {
  return type.origin.empty() ? "this program itself" : fmt::format("'{}'", type.origin);
}

}  // namespace

Result<void> AgentTypes::add(AgentType type) {
  if (!is_good_name(type.name)) {
    return fail(Errc::invalid_argument,
                fmt::format("'{}' cannot be the name of a type of agents: one to {} letters, digits, '_', '-' and '.'",
                            type.name.substr(0, kTypeNameBytesMax), kTypeNameBytesMax));
  }
  if (const auto found = types_.find(type.name); found != types_.end()) {
    return fail(Errc::invalid_argument, fmt::format("two types of agents are called '{}': of {}, and of {}; rename one",
                                                    type.name, whose(found->second), whose(type)));
  }
  std::string name = type.name;
  types_.emplace(std::move(name), std::move(type));
  return {};
}

Result<void> AgentTypes::add_all(std::vector<AgentType> types) {
  std::vector<std::string> added;
  for (AgentType& type : types) {
    std::string name = type.name;
    if (const auto done = add(std::move(type)); !done) {
      for (const std::string& earlier : added) types_.erase(earlier);
      return done;
    }
    added.push_back(std::move(name));
  }
  return {};
}

Result<const AgentType*> AgentTypes::find(std::string_view name) const {
  if (const auto found = types_.find(name); found != types_.end()) return &found->second;
  std::vector<std::string> known;
  for (const auto& [each, type] : types_) known.push_back(each);
  std::string hint = "there are none: no plugin is loaded";
  if (!known.empty()) hint = fmt::format("known: {}", fmt::join(known, ", "));
  if (const auto near = nearest(name, known)) hint = fmt::format("did you mean '{}'?", *near);
  return fail(Errc::not_found, fmt::format("there is no type of agents called '{}'; {}", name, hint));
}

std::vector<const AgentType*> AgentTypes::list() const {
  std::vector<const AgentType*> all;
  for (const auto& [name, type] : types_) all.push_back(&type);
  return all;
}

}  // namespace myelin::plugin
