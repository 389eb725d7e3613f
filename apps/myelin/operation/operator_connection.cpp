#include "operation/operator_connection.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <thread>

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Validators.hpp>
#include <filesystem>

#include "myelin/operation/operations.hpp"
#include "operation/cluster_folder.hpp"

namespace myelin::tool {

namespace {

constexpr std::chrono::milliseconds kLook{1};

std::string why_not(const network::Node& node) {
  std::string text;
  for (const network::SeedStatus& seed : node.seeds()) {
    text += fmt::format("{}{} ({})", text.empty() ? "" : "; ", seed.address,
                        seed.last_error.empty() ? "no answer" : seed.last_error);
  }
  return text;
}

/// Whether another attempt would end as this one has: nobody listens there, or one side does not believe the other. A
/// node that has no room, or is ending, closes the connection without a word: it may be better soon.
bool is_refusal(std::string_view error) {
  const auto says = [error](std::string_view part) { return error.find(part) != std::string_view::npos; };
  if (says("has closed")) return false;
  for (const Errc code : {Errc::access_denied, Errc::unsupported_version, Errc::invalid_argument, Errc::not_found}) {
    if (error.starts_with(to_string(code))) return true;
  }
  return says(std::generic_category().message(ECONNREFUSED)) || says("certificate") || says("TLS");
}

bool all_refuse(const std::vector<network::SeedStatus>& seeds) {
  return std::ranges::all_of(seeds, [](const network::SeedStatus& seed) { return is_refusal(seed.last_error); });
}

}  // namespace

void OperatorFlags::declare(CLI::App& app) {
  constexpr double kSecondsMin = 0.1;
  constexpr double kSecondsMax = 3600;
  app.add_option("--connect", addresses_, "A node to ask; given several times: the first that answers")
      ->allow_extra_args(false)
      ->type_name("HOST:PORT");
  auto* const folder =
      app.add_option("--certs", certificates_, "Your certificate: 'myelin certs new DIR YOU --role operator' makes it")
          ->type_name("DIR");
  app.add_flag("--insecure", insecure_, "No TLS: only for nodes of this machine that run without")->excludes(folder);
  app.add_option("--cluster", cluster_, "The cluster's name")->type_name("NAME");
  app.add_option(
         "--dir", folder_,
         fmt::format("Or the folder of a cluster that 'myelin cluster up' has started; default: {}, if there is "
                     "one",
                     kClusterFolder))
      ->type_name("DIR");
  app.add_option("--timeout", seconds_, "Seconds to wait for an answer")
      ->check(CLI::Range(kSecondsMin, kSecondsMax).description(""))
      ->type_name("S")
      ->capture_default_str();
}

double seconds_of(Duration time) { return std::chrono::duration<double>{time}.count(); }

Duration OperatorFlags::limit() const {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>{seconds_});
}

Result<OperatorTarget> OperatorFlags::target() const {
  OperatorTarget target{.options = {.name = {}, .listen = {}, .insecure = insecure_, .role = network::Role::operator_},
                        .node = {}};
  network::NodeOptions& options = target.options;
  std::string certificates = certificates_;
  options.seeds = addresses_;
  if (!cluster_.empty()) options.cluster = cluster_;
  std::error_code ignored;
  if (!folder_.empty() || (addresses_.empty() && std::filesystem::exists(kClusterFolder, ignored))) {
    const auto folder = ClusterFolder::load(folder_.empty() ? kClusterFolder : folder_);
    if (!folder) return tl::unexpected{folder.error()};
    for (const ClusterFolder::Node& node : folder->nodes) {
      if (!addresses_.empty() || node.address.empty()) continue;
      options.seeds.push_back(node.address);
      if (target.node.empty()) target.node = node.name;
    }
    if (options.seeds.empty()) {
      return fail(Errc::not_found,
                  fmt::format("no node of the cluster in '{}' runs: 'myelin cluster up{}' starts them, and 'myelin "
                              "cluster status' shows them",
                              folder->path.string(), folder_.empty() ? "" : " --dir " + folder_));
    }
    if (cluster_.empty()) options.cluster = folder->cluster;
    if (certificates.empty() && !insecure_) certificates = folder->operator_certificates();
  }
  if (options.seeds.empty()) {
    return fail(Errc::invalid_argument,
                "which node? Name one with --connect HOST:PORT, or a cluster's folder with --dir; 'myelin cluster up' "
                "starts one here");
  }
  if (insecure_) {
    options.name = fmt::format("operator-{}", ::getpid());
    return target;
  }
  if (certificates.empty()) {
    return fail(Errc::invalid_argument,
                "operators prove who they are: name a folder with --certs ('myelin certs new DIR YOU --role operator' "
                "makes it), or say --insecure where nodes of this machine run without TLS");
  }
  auto credentials = network::load_credentials(certificates);
  if (!credentials) return tl::unexpected{credentials.error()};
  auto name = network::node_of(*credentials);
  if (!name) return tl::unexpected{name.error()};
  const auto role = network::role_of(*credentials);
  if (role && *role == network::Role::node) {
    return fail(
        Errc::invalid_argument,
        fmt::format("'{}' holds the certificate of a node; 'myelin certs new DIR YOU --role operator' makes one "
                    "for a person",
                    certificates));
  }
  options.name = *std::move(name);
  options.credentials = *std::move(credentials);
  return target;
}

Result<std::unique_ptr<OperatorConnection>> OperatorConnection::connect(const network::NodeOptions& options,
                                                                        Duration limit, const std::stop_token& stop) {
  std::unique_ptr<OperatorConnection> connection{new OperatorConnection};
  auto node = network::Node::start(connection->mesh_, options);
  if (!node) return tl::unexpected{node.error()};
  connection->node_.emplace(*std::move(node));
  for (const TimePoint end = Clock::now() + limit;;) {
    for (const network::PeerStatus& peer : connection->node_->peers()) {
      if (peer.connected && connection->name_.empty()) connection->name_ = peer.node;
    }
    if (!connection->name_.empty()) break;
    if (stop.stop_requested()) return fail(Errc::cancelled, "interrupted before a node answered");
    if (all_refuse(connection->node_->seeds())) {
      return fail(Errc::unreachable, fmt::format("no node could be reached: {}", why_not(*connection->node_)));
    }
    if (Clock::now() >= end) {
      return fail(Errc::timeout, fmt::format("no node could be reached within {} s (--timeout): {}", seconds_of(limit),
                                             why_not(*connection->node_)));
    }
    std::this_thread::sleep_for(kLook);
  }
  auto operations = connection->node_->find(connection->name_, operation::kOperationsName);
  if (!operations) return tl::unexpected{operations.error()};
  connection->operations_ = *std::move(operations);
  return connection;
}

}  // namespace myelin::tool
