#include "commands/cluster.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <poll.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Validators.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "myelin/operation.capnp.h"
#include "node/config_file.hpp"
#include "operation/local_cluster.hpp"
#include "operation/operator_connection.hpp"
#include "terminal/table.hpp"
#include "terminal/units.hpp"

namespace myelin::tool {

namespace {

/// A node's own deadline is 10 s.
constexpr std::chrono::seconds kStopLimit{15};
constexpr std::chrono::seconds kAskLimit{2};

void declare_folder(CLI::App& app, std::string& folder) {
  folder = kClusterFolder;
  app.add_option("--dir", folder, "The cluster's folder")->type_name("DIR")->capture_default_str();
}

/// What a node says of the cluster; nothing where it does not answer.
std::optional<Held<schema::NodeStatus>> view_of(const ClusterFolder::Node& node, const ClusterFolder& folder,
                                                const std::stop_token& stop) {
  auto credentials = network::load_credentials(folder.operator_certificates());
  if (!credentials || node.address.empty()) return std::nullopt;
  const auto connection = OperatorConnection::connect({.cluster = folder.cluster,
                                                       .name = "operator",
                                                       .listen = {},
                                                       .credentials = *std::move(credentials),
                                                       .seeds = {node.address}},
                                                      kAskLimit, stop);
  if (!connection) return std::nullopt;
  auto answer =
      (*connection)
          ->mesh()
          .ask<schema::NodeStatus>((*connection)->operations(), [](schema::StatusRequest::Builder) {}, kAskLimit, stop);
  return answer ? std::optional{std::move(*answer)} : std::nullopt;
}

/// How to wait for another 'up' or 'down' in the folder.
FileLock::Wait wait_of(const Session& session, const std::string& folder) {
  return {.stop = session.stop, .on_wait = [&session, folder](pid_t process) {
            session.warn(fmt::format("'{}' is held by another process{}: it is waited for", folder,
                                     process == 0 ? "" : fmt::format(" ({})", process)));
          }};
}

/// What to do about nodes that run, and do not answer; nothing where all answer.
std::string silent_of(const ClusterFolder& folder, const std::vector<std::string>& names, const std::stop_token& stop) {
  std::string silent;
  for (const ClusterFolder::Node& node : folder.nodes) {
    if (std::ranges::find(names, node.name) == names.end() || stop.stop_requested()) continue;
    if (!node.address.empty() && view_of(node, folder, stop)) continue;
    silent += fmt::format("{}{} (process {}) runs, but does not answer{}", silent.empty() ? "" : "; ", node.name,
                          node.process, node.address.empty() ? ": it was not started by 'cluster up'" : "");
  }
  if (!silent.empty()) silent += "; 'kill -9' and another 'cluster up' start such a node anew";
  return silent;
}

/// False if it was interrupted before.
bool wait_closed(const std::stop_token& stop) {
  constexpr int kLookMs = 500;
  std::array<char, 64> ignored{};
  while (!stop.stop_requested()) {
    pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
    if (::poll(&input, 1, kLookMs) <= 0) continue;
    const ssize_t count = ::read(STDIN_FILENO, ignored.data(), ignored.size());
    if (count == 0 || (count < 0 && errno != EINTR)) return true;
  }
  return false;
}

}  // namespace

// -- up --------------------------------------------------------------------------------------------------------------

void ClusterUp::declare(CLI::App& app) {
  constexpr std::size_t kNodesMax = 64;
  declare_folder(app, folder_);
  app.add_option("--nodes", nodes_,
                 fmt::format("How many; default: those that are there, {} in a new folder. There may get more",
                             LocalClusterOptions::kNodes))
      ->check(CLI::Range(std::size_t{1}, kNodesMax).description(""))
      ->type_name("N");
  app.add_option("--plugins", plugins_, "Shared libraries with types of agents, for nodes that are new")
      ->delimiter(',')
      ->type_name("FILE,...");
  app.footer(
      "For trying things out: each node is a process of its own, with its configuration, data and log in\n"
      "the folder, certificates made for it, and a port that was free. Nodes that run are left alone; those\n"
      "that do not are started. They go on when this command ends.\n\n"
      "Examples:\n"
      "  myelin cluster up --nodes 4\n"
      "  myelin status\n"
      "  myelin agents ls\n"
      "  myelin cluster down --delete");
}

Result<void> ClusterUp::run(Session& session) {
  LocalClusterOptions options{.nodes = nodes_, .plugins = plugins_, .wait = wait_of(session, folder_)};
  if (!session.json) {
    options.on_ready = [&](const ClusterFolder::Node& node) {
      session.print_text(fmt::format("{} is ready on {}, process {}\n", node.name, node.address, node.process));
      std::fflush(session.terminal.out);
    };
  }
  auto cluster = LocalCluster::open_or_make(folder_, options);
  if (!cluster) return tl::unexpected{cluster.error()};
  warn_of_plugins(session, cluster->folder());
  const auto ran = cluster->start(session.stop);
  if (!ran) return tl::unexpected{ran.error()};
  const ClusterFolder& folder = cluster->folder();
  const std::string silent = silent_of(folder, *ran, session.stop);
  if (session.json && silent.empty()) {
    nlohmann::json nodes = nlohmann::json::array();
    for (const ClusterFolder::Node& node : folder.nodes) {
      nodes.push_back({{"name", node.name},
                       {"address", node.address},
                       {"process", node.process},
                       {"folder", node.folder.string()}});
    }
    session.print_json({{"command", path()}, {"dir", folder_}, {"nodes", nodes}});
  }
  if (!silent.empty()) return fail(Errc::timeout, silent);
  if (!session.json) {
    session.print_text(fmt::format("{} run{}; '{}' has their logs; 'myelin cluster down{}' ends them\n",
                                   counted(folder.nodes.size(), "node"), folder.nodes.size() == 1 ? "s" : "", folder_,
                                   folder_ == kClusterFolder ? "" : " --dir " + folder_));
  }
  return {};
}

/// Nodes that were there before keep the plugins that their configuration names.
void ClusterUp::warn_of_plugins(const Session& session, const ClusterFolder& folder) const {
  for (const std::string& file : plugins_) {
    const std::string whole = std::filesystem::absolute(file).string();
    std::vector<std::string> without;
    for (const ClusterFolder::Node& node : folder.nodes) {
      const auto read = read_config({.file = node.configuration()});
      if (read && std::ranges::find(read->config.plugins, whole) == read->config.plugins.end()) {
        without.push_back(node.name);
      }
    }
    if (without.empty()) continue;
    session.warn(
        fmt::format("--plugins is for nodes that are new: {} without '{}'. Add it to [plugins] files in {}, and "
                    "start anew ('myelin cluster down', 'up')",
                    fmt::format("{} {}", fmt::join(without, ", "), without.size() == 1 ? "is" : "are"), whole,
                    (folder.path / without.front() / "node.toml").string()));
  }
}

// -- down ------------------------------------------------------------------------------------------------------------

void ClusterDown::declare(CLI::App& app) {
  declare_folder(app, folder_);
  app.add_flag("--delete", delete_,
               "And delete what 'up' has made, with all data and logs; the folder too, if nothing "
               "else is in it");
  app.add_flag("--when-closed", when_closed_, "Wait until standard input ends: for a program that starts clusters")
      ->group("");
  app.footer(
      "Each is told to end (SIGTERM), has 15 s for it, and is killed then.\n\n"
      "Examples:\n"
      "  myelin cluster down\n"
      "  myelin cluster down --delete");
}

Result<void> ClusterDown::run(Session& session) {
  if (when_closed_ && !wait_closed(session.stop)) return fail(Errc::cancelled, "interrupted");
  auto cluster = LocalCluster::open(folder_, wait_of(session, folder_));
  if (!cluster) return tl::unexpected{cluster.error()};
  std::size_t running = 0;
  for (const ClusterFolder::Node& node : cluster->folder().nodes) running += node.running() != 0 ? 1 : 0;
  const std::vector<std::string> killed = cluster->stop(kStopLimit);
  for (const std::string& name : killed) session.warn(fmt::format("{} did not end in time, and was killed", name));
  std::vector<std::string> left;
  if (delete_) {
    auto removed = cluster->remove();
    if (!removed) return tl::unexpected{removed.error()};
    left = *std::move(removed);
  }
  if (session.json) {
    session.print_json(
        {{"command", path()}, {"ended", running}, {"killed", killed}, {"deleted", delete_}, {"left", left}});
    return {};
  }
  std::string text = fmt::format("{} {} ended", counted(running, "node"), running == 1 ? "has" : "have");
  if (delete_ && left.empty()) text += fmt::format("; '{}' is deleted", folder_);
  if (!left.empty()) {
    text += fmt::format("; deleted is what 'cluster up' made, and '{}' is left, for it holds: {}", folder_,
                        fmt::join(left, ", "));
  }
  session.print_text(text + '\n');
  return {};
}

// -- status ----------------------------------------------------------------------------------------------------------

void ClusterStatus::declare(CLI::App& app) {
  declare_folder(app, folder_);
  app.footer(
      "'sees' is how many nodes are up as that node sees it: where all see the same, the cluster is whole.\n\n"
      "Examples:\n"
      "  myelin cluster status\n"
      "  myelin cluster status --json");
}

Result<void> ClusterStatus::run(Session& session) {
  const auto folder = ClusterFolder::load(folder_);
  if (!folder) return tl::unexpected{folder.error()};
  nlohmann::json nodes = nlohmann::json::array();
  Table table{{{"node", Table::Align::left},
               {"state", Table::Align::left},
               {"process"},
               {"address", Table::Align::left},
               {"sees"},
               {"agents"},
               {"log", Table::Align::left}}};
  for (const ClusterFolder::Node& node : folder->nodes) {
    const bool running = node.running() != 0;
    const auto view = running ? view_of(node, *folder, session.stop) : std::nullopt;
    std::size_t up = 0;
    if (view) {
      for (const auto member : (*view)->getMembers()) up += member.getState() == "up" ? 1 : 0;
    }
    const char* const state = !running ? "not running" : view ? "answers" : "does not answer";
    const std::string log = (node.data() / "node.log").string();
    table.add_row({node.name, state, running ? std::to_string(node.process) : "", node.address,
                   view ? std::to_string(up) : "", view ? std::to_string((*view)->getAgentsPublished()) : "", log});
    nlohmann::json entry{{"name", node.name}, {"running", running}, {"answers", view.has_value()}, {"log", log}};
    if (running) entry.update({{"process", node.process}, {"address", node.address}});
    if (view) entry.update({{"sees_up", up}, {"agents_published", (*view)->getAgentsPublished()}});
    nodes.push_back(std::move(entry));
  }
  if (session.json) {
    session.print_json({{"command", path()}, {"dir", folder_}, {"nodes", nodes}});
  } else {
    session.print_text(table.to_string());
  }
  return {};
}

}  // namespace myelin::tool
