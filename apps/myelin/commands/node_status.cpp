#include "commands/node_status.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/App.hpp>
#include <nlohmann/json.hpp>

#include "myelin/operation.capnp.h"
#include "terminal/table.hpp"
#include "terminal/units.hpp"

namespace myelin::tool {

namespace {

nlohmann::json to_json(schema::NodeStatus::Member::Reader member) {
  nlohmann::json tags = nlohmann::json::array();
  for (const auto tag : member.getTags()) tags.push_back(tag.cStr());
  return {{"node", member.getNode().cStr()},
          {"address", member.getAddress().cStr()},
          {"state", member.getState().cStr()},
          {"is_connected", member.getIsConnected()},
          {"incarnation", std::to_string(member.getIncarnation())},
          {"tags", tags}};
}

nlohmann::json to_json(schema::NodeStatus::Peer::Reader peer) {
  return {{"node", peer.getNode().cStr()},         {"role", peer.getRole().cStr()},
          {"is_connected", peer.getIsConnected()}, {"incarnation", std::to_string(peer.getIncarnation())},
          {"connections", peer.getConnections()},  {"set_up_ns", peer.getSetUp()},
          {"frames_sent", peer.getFramesSent()},   {"last_error", peer.getLastError().cStr()}};
}

nlohmann::json to_json(schema::NodeStatus::Reader status) {
  nlohmann::json types = nlohmann::json::array();
  for (const auto type : status.getTypes()) types.push_back(type.cStr());
  nlohmann::json members = nlohmann::json::array();
  for (const auto member : status.getMembers()) members.push_back(to_json(member));
  nlohmann::json peers = nlohmann::json::array();
  for (const auto peer : status.getPeers()) peers.push_back(to_json(peer));
  return {{"node", status.getNode().cStr()},
          {"cluster", status.getCluster().cStr()},
          {"address", status.getAddress().cStr()},
          {"version", status.getVersion().cStr()},
          {"process", status.getProcessId()},
          {"incarnation", std::to_string(status.getIncarnation())},
          {"uptime_ns", status.getUptime()},
          {"workers", status.getWorkers()},
          {"agents_running", status.getAgentsRunning()},
          {"agents_published", status.getAgentsPublished()},
          {"messages_handled", status.getMessagesHandled()},
          {"messages_waiting", status.getMessagesWaiting()},
          {"dead_letters", status.getDeadLetters()},
          {"resident_bytes", status.getResidentBytes()},
          {"processor_ns", status.getProcessorTime()},
          {"agent_types", types},
          {"members", members},
          {"peers", peers}};
}

std::string joined(capnp::List<capnp::Text>::Reader texts) {
  std::vector<std::string> words;
  for (const auto text : texts) words.emplace_back(text.cStr());
  return fmt::format("{}", fmt::join(words, ", "));
}

std::string nodes_table(schema::NodeStatus::Reader status) {
  Table table{{{"node", Table::Align::left},
               {"state", Table::Align::left},
               {"address", Table::Align::left},
               {"connection", Table::Align::left},
               {"tags", Table::Align::left}}};
  for (const auto member : status.getMembers()) {
    const bool self = member.getNode() == status.getNode();
    table.add_row({member.getNode().cStr(), member.getState().cStr(), member.getAddress().cStr(),
                   self                      ? "itself"
                   : member.getIsConnected() ? "yes"
                                             : "no",
                   joined(member.getTags())});
  }
  return table.to_string();
}

std::string peers_table(schema::NodeStatus::Reader status) {
  Table table{{{"connection", Table::Align::left},
               {"role", Table::Align::left},
               {"open", Table::Align::left},
               {"so far"},
               {"frames sent"},
               {"set up in"},
               {"last error", Table::Align::left}}};
  for (const auto peer : status.getPeers()) {
    table.add_row({peer.getNode().cStr(), peer.getRole().cStr(), peer.getIsConnected() ? "yes" : "no",
                   std::to_string(peer.getConnections()), format_count(static_cast<long long>(peer.getFramesSent())),
                   peer.getConnections() == 0 ? "" : format_duration_ns(static_cast<double>(peer.getSetUp())),
                   peer.getLastError().cStr()});
  }
  return table.to_string();
}

}  // namespace

void StatusCommand::declare_own(CLI::App& app) {
  app.add_option("node", node_, "Which; default: the first that runs of a cluster's folder, or the one that answers")
      ->type_name("NODE");
  app.footer(
      "Counts are since the node started.\n\n"
      "Examples:\n"
      "  myelin status                                # of a cluster that 'myelin cluster up' started here\n"
      "  myelin status north --connect 10.0.0.1:7400 --certs certs/ada\n"
      "  myelin status --json | jq .messages_handled");
}

Result<void> StatusCommand::run_on(const Connected& connected) {
  const auto answer = connected.ask<schema::NodeStatus>(
      [&](schema::StatusRequest::Builder request) { request.setNode(connected.node_or(node_)); },
      fmt::format("node '{}'", connected.node_or(node_)));
  if (!answer) return tl::unexpected{answer.error()};
  const schema::NodeStatus::Reader status = **answer;
  if (connected.session.json) {
    connected.session.print_json(to_json(status));
    return {};
  }
  const std::string types = joined(status.getTypes());
  connected.session.print_text(fmt::format(
      "node '{}' of cluster '{}', process {}, Myelin {}\n"
      "  listens on        {}\n"
      "  up for            {}\n"
      "  agents            {} running on {} threads, {} published\n"
      "  types of agents   {}\n"
      "  messages          {} handled, {} waiting, {} dead letters\n"
      "  memory            {}\n"
      "  processor time    {}\n\n{}\n{}",
      status.getNode().cStr(), status.getCluster().cStr(), status.getProcessId(), status.getVersion().cStr(),
      status.getAddress().size() == 0 ? "nothing" : status.getAddress().cStr(),
      format_duration_ns(static_cast<double>(status.getUptime())),
      format_count(static_cast<long long>(status.getAgentsRunning())), status.getWorkers(),
      format_count(static_cast<long long>(status.getAgentsPublished())), types.empty() ? "none" : types,
      format_count(static_cast<long long>(status.getMessagesHandled())),
      format_count(static_cast<long long>(status.getMessagesWaiting())),
      format_count(static_cast<long long>(status.getDeadLetters())),
      format_bytes(static_cast<double>(status.getResidentBytes())),
      format_duration_ns(static_cast<double>(status.getProcessorTime())), nodes_table(status), peers_table(status)));
  return {};
}

void NodesCommand::declare_own(CLI::App& app) {
  app.footer(
      "As the node that answers sees them: up (reached, perhaps by way of others), down, or left (said goodbye).\n\n"
      "Examples:\n"
      "  myelin nodes\n"
      "  myelin nodes --connect 10.0.0.1:7400 --certs certs/ada --json");
}

Result<void> NodesCommand::run_on(const Connected& connected) {
  const auto answer = connected.ask<schema::NodeStatus>([](schema::StatusRequest::Builder) {});
  if (!answer) return tl::unexpected{answer.error()};
  const schema::NodeStatus::Reader status = **answer;
  if (connected.session.json) {
    nlohmann::json members = nlohmann::json::array();
    for (const auto member : status.getMembers()) members.push_back(to_json(member));
    connected.session.print_json({{"seen_by", status.getNode().cStr()}, {"nodes", members}});
  } else {
    connected.session.print_text(nodes_table(status));
  }
  return {};
}

}  // namespace myelin::tool
