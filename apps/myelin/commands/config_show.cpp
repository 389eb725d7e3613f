#include "commands/config_show.hpp"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <nlohmann/json.hpp>

#include "node/config_file.hpp"
#include "node/config_keys.hpp"

namespace myelin::tool {

namespace {

nlohmann::json json_value(const NodeConfig& config, const ConfigKey& key) {
  return std::visit([&](auto member) -> nlohmann::json { return config.*member; }, key.member);
}

nlohmann::json document_of(const NodeConfig& config) {
  nlohmann::json document = nlohmann::json::object();
  for (const ConfigKey& key : all_keys()) {
    document[std::string{key.section}][std::string{key.name}] = json_value(config, key);
  }
  document["agent"] = nlohmann::json::array();
  for (const AgentEntry& agent : config.agents) {
    document["agent"].push_back({{"type", agent.type},
                                 {"names", agent.names()},
                                 {"settings", nlohmann::json::parse(agent.settings, nullptr, false)},
                                 {"restart", agent.restart},
                                 {"singleton", agent.singleton},
                                 {"lease", agent.lease}});
  }
  return document;
}

}  // namespace

void ConfigShow::declare(CLI::App& app) {
  app.add_option("--config", file_, "Show what is in force with this file, and the environment; default: the defaults")
      ->type_name("FILE");
  app.footer(
      "Examples:\n"
      "  myelin config show > node.toml               # a file to start from\n"
      "  MYELIN_NODE_LISTEN=127.0.0.1:0 myelin config show --config node.toml");
}

Result<void> ConfigShow::run(Session& session) {
  NodeConfig config;
  if (!file_.empty()) {
    auto read = read_config({.file = file_, .environment = &session.environment});
    if (!read) return tl::unexpected{read.error()};
    if (!read->problems.empty()) {
      return fail(Errc::invalid_argument, fmt::format("{}; 'myelin config check {}' says all that is wrong",
                                                      read->problems.front().text(), file_));
    }
    config = std::move(read->config);
  }
  if (session.json) {
    session.print_json(document_of(config));
  } else {
    session.print_text(show_config(config));
  }
  return {};
}

}  // namespace myelin::tool
