#include "directory/directory_agent.hpp"

#include <utility>

#include <fmt/format.h>

#include "myelin/actors/untyped.hpp"
#include "myelin/cluster/limits.hpp"
#include "myelin/network/node.hpp"

namespace myelin::cluster {

namespace {

void write_ended(schema::AgentEnded::Builder ended, bool failed, bool unknown, const std::string& reason) {
  ended.setHasFailed(failed);
  ended.setIsUnknown(unknown);
  ended.setReason(reason);
}

}  // namespace

Result<AgentAddress> publish(network::Node& node, AgentTable& table, std::string name, std::string type,
                             const AgentRef& agent) {
  const Result<std::string> added = table.add(std::move(name), std::move(type), agent);
  if (!added) return tl::unexpected{added.error()};
  if (Result<void> published = node.publish(*added, agent); !published) {
    table.remove(*added);
    return tl::unexpected{published.error()};
  }
  return AgentAddress{node.name(), *added};
}

void withdraw(network::Node& node, AgentTable& table, std::string_view name) {
  node.withdraw(name);
  table.remove(name);
}

/// The answers of several nodes, until all are there.
struct DirectoryAgent::Search {
  struct Entry {
    AgentAddress address;
    std::string type;
    std::string state;
    std::uint64_t waiting;
  };
  Reply<schema::AgentList> reply;
  std::vector<Entry> entries;
  std::vector<std::string> unreachable;
  std::size_t waiting = 0;

  void add(schema::AgentList::Reader list) {
    for (const auto entry : list.getAgents()) {
      auto address = read_address(entry.getAddress());
      if (!address || entries.size() == limits::kListedMax) continue;
      entries.push_back({*std::move(address), entry.getType(), entry.getState(), entry.getWaiting()});
    }
  }
  void end() {
    reply.send([&](schema::AgentList::Builder list) {
      auto agents = list.initAgents(static_cast<unsigned>(entries.size()));
      for (unsigned i = 0; i < entries.size(); ++i) {
        write_address(entries[i].address, agents[i].initAddress());
        agents[i].setType(entries[i].type);
        agents[i].setState(entries[i].state);
        agents[i].setWaiting(entries[i].waiting);
      }
      auto missing = list.initUnreachable(static_cast<unsigned>(unreachable.size()));
      for (unsigned i = 0; i < unreachable.size(); ++i) missing.set(i, unreachable[i]);
    });
  }
};

void DirectoryAgent::published(schema::Published::Reader published) {
  const std::string name = published.getName();
  if (const auto found = parts_.table->find(name)) watch(found->agent);
}

void DirectoryAgent::find(schema::FindAgents::Reader question, Reply<schema::AgentList> reply) {
  const auto search = std::make_shared<Search>();
  search->reply = std::move(reply);
  const std::string& self = parts_.node.name();
  const std::string name = question.getName();
  const std::string type = question.getType();
  for (const PublishedAgent& one : parts_.table->select(name, type)) {
    search->entries.push_back(
        {{self, one.name}, one.type, std::string{to_string(parts_.mesh.state_of(one.agent))}, waiting_at(one.agent)});
  }
  search->waiting = 1;
  if (question.getEverywhere()) {
    const auto view = parts_.board->view();
    for (const Member& member : view->members) {
      if (member.node == self || member.state != MemberState::up) continue;
      const auto other = parts_.node.find(member.node, kName);
      if (!other) continue;
      ++search->waiting;
      ask<schema::AgentList>(
          *other,
          [&](schema::FindAgents::Builder find) {
            find.setName(name);
            find.setType(type);
          },
          limits::kListLimit,
          [search, node = member.node](Result<Held<schema::AgentList>> answer) {
            if (answer) {
              search->add(**answer);
            } else {
              search->unreachable.push_back(node);
            }
            if (--search->waiting == 0) search->end();
          });
    }
  }
  if (--search->waiting == 0) search->end();
}

void DirectoryAgent::spawn_agent(schema::SpawnAgent::Reader question, Reply<schema::AgentAddress> reply) {
  if (!parts_.spawn) {
    return reply.fail({Errc::not_found, fmt::format("node '{}' has no types of agents to start", parts_.node.name())});
  }
  const std::string type = question.getType();
  const std::string name = question.getName();
  if (!name.empty() && parts_.table->find(name)) {
    return reply.fail({Errc::invalid_argument, fmt::format("node '{}' has an agent '{}' already: take another name",
                                                           parts_.node.name(), name)});
  }
  const std::string settings = question.getSettings();
  Result<AgentRef> agent = parts_.spawn(type, settings);
  if (!agent) return reply.fail(std::move(agent).error());
  const Result<AgentAddress> address = publish(parts_.node, *parts_.table, name, type, *agent);
  if (!address) {
    parts_.mesh.stop_agent(*agent);
    return reply.fail(address.error());
  }
  watch(*agent);
  reply.send([&](schema::AgentAddress::Builder builder) { write_address(*address, builder); });
}

void DirectoryAgent::stop_agent(schema::StopAgent::Reader question, Reply<schema::StopDone> reply) {
  const std::string name = question.getName();
  const auto found = parts_.table->find(name);
  if (!found) {
    return reply.fail(
        {Errc::not_found, fmt::format("node '{}' has no agent that is published as '{}'", parts_.node.name(), name)});
  }
  parts_.mesh.stop_agent(found->agent);
  reply.send([](schema::StopDone::Builder) {});
}

void DirectoryAgent::monitor(schema::MonitorAgent::Reader question, Reply<schema::AgentEnded> reply) {
  const std::string name = question.getName();
  const auto found = parts_.table->find(name);
  if (!found) {
    const std::string reason = fmt::format("node '{}' has no agent '{}'", parts_.node.name(), name);
    return reply.send([&](schema::AgentEnded::Builder ended) { write_ended(ended, false, true, reason); });
  }
  // Those that were given up make room first.
  if (monitors_count_ >= limits::kMonitorsMax) {
    monitors_count_ = 0;
    for (auto& [agent, waiting] : monitors_) {
      std::erase_if(waiting, [](const auto& one) { return one.cancelled(); });
      monitors_count_ += waiting.size();
    }
  }
  if (monitors_count_ >= limits::kMonitorsMax) {
    return reply.fail(
        {Errc::overloaded, fmt::format("{} monitors wait at node '{}'", monitors_count_, parts_.node.name())});
  }
  monitors_[name].push_back(std::move(reply));
  ++monitors_count_;
  watch(found->agent);  // says so at once if it has ended
}

void DirectoryAgent::on_down(const Down& down) {
  for (const std::string& name : parts_.table->names_of(down.agent)) {
    if (const auto ended = parts_.table->find(name); ended && parts_.on_end) {
      parts_.on_end(*ended, {down.failed ? AgentEnd::Cause::failed : AgentEnd::Cause::stopped, down.reason});
    }
    withdraw(parts_.node, *parts_.table, name);
    const auto waiting = monitors_.extract(name);
    if (waiting.empty()) continue;
    monitors_count_ -= waiting.mapped().size();
    for (auto& reply : waiting.mapped()) {
      if (!reply.wanted() || reply.cancelled()) continue;
      reply.send([&](schema::AgentEnded::Builder ended) { write_ended(ended, down.failed, false, down.reason); });
    }
  }
}

}  // namespace myelin::cluster
