#include "commands/agents.hpp"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <tuple>
#include <vector>

#include "terminal/table.hpp"
#include "terminal/units.hpp"

namespace myelin::tool {

namespace {

std::string text_of(schema::AgentAddress::Reader address) {
  return fmt::format("{}/{}", address.getNode().cStr(), address.getName().cStr());
}

bool comes_before(schema::AgentAddress::Reader one, schema::AgentAddress::Reader other) {
  return std::tuple{std::string_view{one.getNode().cStr()}, std::string_view{one.getName().cStr()}} <
         std::tuple{std::string_view{other.getNode().cStr()}, std::string_view{other.getName().cStr()}};
}

nlohmann::json parsed(capnp::Text::Reader json) {
  return nlohmann::json::parse(json.begin(), json.end(), nullptr, false);
}

}  // namespace

// -- ls --------------------------------------------------------------------------------------------------------------

void AgentsList::declare_own(CLI::App& app) {
  app.add_option("--type", type_, "Only those of this type")->type_name("TYPE");
  app.footer(
      "'waiting' is how many messages its mailbox holds.\n\n"
      "Examples:\n"
      "  myelin agents ls\n"
      "  myelin agents ls --type greeter --json");
}

Result<void> AgentsList::run_on(const Connected& connected) {
  const auto answer =
      connected.ask<schema::AgentList>([&](schema::ListRequest::Builder request) { request.setType(type_); });
  if (!answer) return tl::unexpected{answer.error()};
  const schema::AgentList::Reader list = **answer;
  std::vector<schema::AgentList::Entry::Reader> sorted;
  for (const auto agent : list.getAgents()) sorted.push_back(agent);
  std::ranges::sort(sorted, comes_before, &schema::AgentList::Entry::Reader::getAddress);
  for (const auto node : list.getUnreachable()) {
    connected.session.warn(fmt::format("node '{}' did not answer: its agents are missing here", node.cStr()));
  }
  if (connected.session.json) {
    nlohmann::json agents = nlohmann::json::array();
    for (const auto& agent : sorted) {
      agents.push_back({{"node", agent.getAddress().getNode().cStr()},
                        {"name", agent.getAddress().getName().cStr()},
                        {"type", agent.getType().cStr()},
                        {"state", agent.getState().cStr()},
                        {"waiting", agent.getWaiting()}});
    }
    nlohmann::json unreachable = nlohmann::json::array();
    for (const auto node : list.getUnreachable()) unreachable.push_back(node.cStr());
    connected.session.print_json({{"agents", agents}, {"unreachable", unreachable}});
    return {};
  }
  Table table{{{"agent", Table::Align::left},
               {"type", Table::Align::left},
               {"state", Table::Align::left},
               {"waiting", Table::Align::right}}};
  for (const auto& agent : sorted) {
    table.add_row({text_of(agent.getAddress()), agent.getType().cStr(), agent.getState().cStr(),
                   format_count(static_cast<long long>(agent.getWaiting()))});
  }
  connected.session.print_text(table.to_string());
  return {};
}

// -- one agent -------------------------------------------------------------------------------------------------------

void AgentCommand::declare_agent(CLI::App& app) {
  app.add_option("agent", text_, "Which, as 'myelin agents ls' shows it: NODE/NAME")->required()->type_name("AGENT");
}

Result<void> AgentCommand::prepare(Session& /*session*/) {
  auto address = cluster::parse_address(text_);
  if (!address) return tl::unexpected{address.error()};
  agent_ = *std::move(address);
  return {};
}

void AgentsInfo::declare_own(CLI::App& app) {
  declare_agent(app);
  app.footer(
      "Examples:\n"
      "  myelin agents info north/greeter             # shows how to ask it");
}

Result<void> AgentsInfo::run_on(const Connected& connected) {
  const auto answer = connected.ask<schema::AgentInfo>(
      [&](schema::AgentRequest::Builder request) {
        request.setNode(agent().node);
        request.setName(agent().name);
      },
      fmt::format("node '{}'", agent().node));
  if (!answer) return tl::unexpected{answer.error()};
  const schema::AgentInfo::Reader info = **answer;
  if (connected.session.json) {
    nlohmann::json handlers = nlohmann::json::array();
    for (const auto handler : info.getHandlers()) {
      handlers.push_back({{"message", handler.getMessage().cStr()},
                          {"fields", parsed(handler.getFields())},
                          {"answer", handler.getAnswer().cStr()}});
    }
    connected.session.print_json({{"node", agent().node},
                                  {"name", agent().name},
                                  {"type", info.getType().cStr()},
                                  {"class", info.getAgentClass().cStr()},
                                  {"state", info.getState().cStr()},
                                  {"waiting", info.getWaiting()},
                                  {"handlers", handlers}});
    return {};
  }
  connected.session.print_text(
      fmt::format("{}: {}{}, {}, {} waiting\n\n", text_of(info.getAddress()), info.getAgentClass().cStr(),
                  info.getType().size() == 0 ? "" : fmt::format(" (type '{}')", info.getType().cStr()),
                  info.getState().cStr(), counted(info.getWaiting(), "message")));
  Table table{{{"message", Table::Align::left}, {"answer", Table::Align::left}, {"fields", Table::Align::left}}};
  for (const auto handler : info.getHandlers()) {
    table.add_row({handler.getMessage().cStr(), handler.getAnswer().size() == 0 ? "-" : handler.getAnswer().cStr(),
                   handler.getFields().cStr()});
  }
  connected.session.print_text(table.to_string());
  return {};
}

void AgentsStop::declare_own(CLI::App& app) {
  declare_agent(app);
  app.footer(
      "It handles what its control lane holds first; who waits for its answer gets an error.\n\n"
      "Examples:\n"
      "  myelin agents stop north/greeter");
}

Result<void> AgentsStop::run_on(const Connected& connected) {
  const auto answer = connected.ask<schema::StopDone>(
      [&](schema::StopRequest::Builder request) {
        request.setNode(agent().node);
        request.setName(agent().name);
      },
      fmt::format("node '{}'", agent().node));
  if (!answer) return tl::unexpected{answer.error()};
  if (connected.session.json) {
    connected.session.print_json({{"stopped", to_string(agent())}});
  } else {
    connected.session.print_text(fmt::format("{} was told to stop\n", to_string(agent())));
  }
  return {};
}

// -- spawn -----------------------------------------------------------------------------------------------------------

void AgentsSpawn::declare_own(CLI::App& app) {
  app.add_option("type", type_, "As 'myelin status' lists it: from a plugin, or the node's own program")
      ->required()
      ->type_name("TYPE");
  app.add_option("--on", node_, "Which node; default: the first that runs of a cluster's folder, or that of --connect")
      ->type_name("NODE");
  app.add_option("--name", name_, "By which it is published; default: one is made up")->type_name("NAME");
  app.add_option("--settings", settings_, "For its constructor")->type_name("JSON");
  app.footer(
      "When it fails it is started again, and it is gone when its node ends: what a node is to have after each\n"
      "start stands in its file, as an [[agent]].\n\n"
      "Examples:\n"
      "  myelin agents spawn echo --name parrot       # every node has this type, for trying things out\n"
      "  myelin agents spawn greeter --on north --name doorman\n"
      "  myelin agents spawn greeter --settings '{\"greeting\": \"Ahoy\"}'");
}

Result<void> AgentsSpawn::prepare(Session& /*session*/) {
  if (!node_.empty() || !flags().names_several()) return {};
  return fail(Errc::invalid_argument, "any of several nodes may answer: say with --on NODE on which to start it");
}

Result<void> AgentsSpawn::run_on(const Connected& connected) {
  const std::string& node = connected.node_or(node_);
  const auto answer = connected.ask<schema::AgentAddress>(
      [&](schema::SpawnRequest::Builder request) {
        request.setNode(node);
        request.setType(type_);
        request.setName(name_);
        request.setSettings(settings_);
      },
      fmt::format("node '{}'", node));
  if (!answer) return tl::unexpected{answer.error()};
  if (connected.session.json) {
    connected.session.print_json({{"node", (*answer)->getNode().cStr()}, {"name", (*answer)->getName().cStr()}});
  } else {
    connected.session.print_text(text_of(**answer) + '\n');
  }
  return {};
}

// -- ask and tell ----------------------------------------------------------------------------------------------------

void MessageCommand::declare_message(CLI::App& app) {
  declare_agent(app);
  app.add_option("message", message_, "Its name, as 'myelin agents info' shows it; may be left out where there is one")
      ->type_name("MESSAGE");
  app.add_option("json", json_, "Its fields; those that are left out have their defaults")->type_name("JSON");
}

Result<Held<schema::AskAnswer>> MessageCommand::put(const Connected& connected, bool tell) const {
  // A message whose name was left out: what stands there are its fields.
  const bool is_json = message_.starts_with('{') && json_.empty();
  return connected.ask<schema::AskAnswer>(
      [&](schema::AskRequest::Builder request) {
        request.setNode(agent().node);
        request.setName(agent().name);
        request.setMessage(is_json ? "" : message_);
        request.setJson(is_json ? message_ : json_);
        request.setTell(tell);
      },
      fmt::format("agent '{}'", to_string(agent())));
}

void AskCommand::declare_own(CLI::App& app) {
  declare_message(app);
  app.footer(
      "The answer is shown as JSON; whole numbers of 64 bits are texts there.\n\n"
      "Examples:\n"
      "  myelin ask north/greeter Hello '{\"name\": \"Ada\"}'\n"
      "  myelin ask north/greeter '{\"name\": \"Ada\"}'     # it takes no other message");
}

Result<void> AskCommand::run_on(const Connected& connected) {
  const auto answer = put(connected, false);
  if (!answer) return tl::unexpected{answer.error()};
  if (connected.session.json) {
    connected.session.print_json(
        {{"message", (*answer)->getMessage().cStr()}, {"answer", parsed((*answer)->getJson())}});
  } else {
    connected.session.print_text(std::string{(*answer)->getJson().cStr()} + '\n');
  }
  return {};
}

void TellCommand::declare_own(CLI::App& app) {
  declare_message(app);
  app.footer(
      "It has been sent when the command ends; what becomes of it nobody says.\n\n"
      "Examples:\n"
      "  myelin tell north/counter Add '{\"amount\": 3}'");
}

Result<void> TellCommand::run_on(const Connected& connected) {
  const auto answer = put(connected, true);
  if (!answer) return tl::unexpected{answer.error()};
  if (connected.session.json) connected.session.print_json({{"told", to_string(agent())}});
  return {};
}

}  // namespace myelin::tool
