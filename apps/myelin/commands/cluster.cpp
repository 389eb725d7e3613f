#include "commands/cluster.hpp"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Validators.hpp>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "myelin/operation.capnp.h"
#include "operation/local_cluster.hpp"
#include "operation/operator_connection.hpp"
#include "terminal/table.hpp"

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

}  // namespace

// -- up --------------------------------------------------------------------------------------------------------------

void ClusterUp::declare(CLI::App& app) {
  constexpr std::size_t kNodesMax = 64;
  declare_folder(app, folder_);
  app.add_option("--nodes", nodes_, "How many; a cluster that is there already may get more")
      ->check(CLI::Range(std::size_t{1}, kNodesMax).description(""))
      ->type_name("N")
      ->capture_default_str();
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
  LocalClusterOptions options{.nodes = nodes_, .plugins = plugins_};
  if (!session.json) {
    options.on_ready = [&](const ClusterFolder::Node& node) {
      session.print_text(fmt::format("{} is ready on {}, process {}\n", node.name, node.address, node.process));
      std::fflush(session.terminal.out);
    };
  }
  auto cluster = LocalCluster::open_or_make(folder_, options);
  if (!cluster) return tl::unexpected{cluster.error()};
  if (auto started = cluster->start(session.stop); !started) return started;
  if (session.json) {
    nlohmann::json nodes = nlohmann::json::array();
    for (const ClusterFolder::Node& node : cluster->folder().nodes) {
      nodes.push_back(
          {{"name", node.name}, {"address", node.address}, {"process", node.process}, {"folder", node.folder}});
    }
    session.print_json({{"command", path()}, {"dir", folder_}, {"nodes", nodes}});
  } else {
    session.print_text(fmt::format("{} nodes run; '{}' has their logs; 'myelin cluster down{}' ends them\n",
                                   cluster->folder().nodes.size(), folder_,
                                   folder_ == kClusterFolder ? "" : " --dir " + folder_));
  }
  return {};
}

// -- down ------------------------------------------------------------------------------------------------------------

void ClusterDown::declare(CLI::App& app) {
  declare_folder(app, folder_);
  app.add_flag("--delete", delete_, "And delete the folder, with all data and logs");
  app.footer(
      "Each is told to end (SIGTERM), has 15 s for it, and is killed then.\n\n"
      "Examples:\n"
      "  myelin cluster down\n"
      "  myelin cluster down --delete");
}

Result<void> ClusterDown::run(Session& session) {
  auto cluster = LocalCluster::open(folder_);
  if (!cluster) return tl::unexpected{cluster.error()};
  std::size_t running = 0;
  for (const ClusterFolder::Node& node : cluster->folder().nodes) running += LocalCluster::is_running(node) ? 1 : 0;
  const std::vector<std::string> killed = cluster->stop(kStopLimit);
  for (const std::string& name : killed) session.warn(fmt::format("{} did not end in time, and was killed", name));
  if (delete_) {
    std::error_code error;
    std::filesystem::remove_all(folder_, error);
    if (error) return fail(Errc::io_error, fmt::format("cannot delete '{}': {}", folder_, error.message()));
  }
  if (session.json) {
    session.print_json({{"command", path()}, {"ended", running}, {"killed", killed}, {"deleted", delete_}});
  } else {
    session.print_text(fmt::format("{} nodes have ended{}\n", running,
                                   delete_ ? fmt::format("; '{}' is deleted", folder_) : std::string{}));
  }
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
               {"process", Table::Align::left},
               {"address", Table::Align::left},
               {"sees"},
               {"agents"},
               {"log", Table::Align::left}}};
  for (const ClusterFolder::Node& node : folder->nodes) {
    const bool running = LocalCluster::is_running(node);
    const auto view = running ? view_of(node, *folder, session.stop) : std::nullopt;
    std::size_t up = 0;
    if (view) {
      for (const auto member : (*view)->getMembers()) up += member.getState() == "up" ? 1 : 0;
    }
    const std::string state = !running ? "not running" : view ? std::to_string(node.process) : "does not answer";
    const std::string log = (std::filesystem::path{node.folder} / "data" / "node.log").string();
    table.add_row({node.name, state, running ? node.address : "", view ? std::to_string(up) : "",
                   view ? std::to_string((*view)->getAgentsPublished()) : "", log});
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
