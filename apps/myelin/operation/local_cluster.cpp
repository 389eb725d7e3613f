#include "operation/local_cluster.hpp"

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iterator>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "process/atomic_file.hpp"
#include "process/daemon.hpp"

namespace myelin::tool {

namespace {

namespace fs = std::filesystem;

constexpr std::chrono::hours kTenYears{10 * 365 * 24};
constexpr std::chrono::milliseconds kLook{5};

std::string text_in(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// The configuration's file is what tells a node's process from others.
std::string config_of(const ClusterFolder::Node& node) { return (fs::path{node.folder} / "node.toml").string(); }

/// A text as TOML has it. (A JSON text is one.)
std::string quoted(const std::string& text) { return nlohmann::json(text).dump(); }

std::string configuration(const std::string& name, const ClusterFolder& folder,
                          const std::vector<std::string>& plugins) {
  std::vector<std::string> files;
  for (const std::string& file : plugins) files.push_back(quoted(fs::absolute(file).string()));
  return fmt::format(
      "# Made by 'myelin cluster up'; 'myelin config show' explains all keys. It is never written again: change it, "
      "and\n"
      "# start the node anew.\n"
      "[node]\n"
      "name = {}\n"
      "cluster = {}\n"
      "listen = \"127.0.0.1:0\"\n"
      "data = \"data\"\n"
      "log = \"node.log\"\n\n"
      "[tls]\n"
      "certs = {}\n\n"
      "[plugins]\n"
      "files = [{}]\n",
      quoted(name), quoted(folder.cluster), quoted((folder.certificates() / name).string()), fmt::join(files, ", "));
}

}  // namespace

bool LocalCluster::is_running(const ClusterFolder::Node& node) {
  return tool::is_running(node.process, config_of(node));
}

Result<LocalCluster> LocalCluster::open(const fs::path& path) {
  auto folder = ClusterFolder::load(path);
  if (!folder) return tl::unexpected{folder.error()};
  return LocalCluster{*std::move(folder), {}};
}

Result<LocalCluster> LocalCluster::open_or_make(const fs::path& path, LocalClusterOptions options) {
  auto loaded = ClusterFolder::load(path);
  if (!loaded && loaded.error().code != Errc::not_found) return tl::unexpected{loaded.error()};
  ClusterFolder folder;
  if (loaded) {
    folder = *std::move(loaded);
  } else {
    std::error_code error;
    fs::create_directories(path, error);
    if (error) return fail(Errc::io_error, fmt::format("cannot make '{}': {}", path.string(), error.message()));
    folder.cluster = options.cluster;
  }
  folder.path = fs::absolute(path).lexically_normal();
  const std::size_t wanted = options.nodes;
  LocalCluster cluster{std::move(folder), std::move(options)};
  for (std::size_t i = cluster.folder_.nodes.size(); i < wanted; ++i) {
    if (auto added = cluster.add_node(fmt::format("node{}", i + 1)); !added) return tl::unexpected{added.error()};
  }
  if (auto made = cluster.make_certificates(); !made) return tl::unexpected{made.error()};
  if (auto saved = cluster.folder_.save(); !saved) return tl::unexpected{saved.error()};
  return cluster;
}

Result<void> LocalCluster::make_certificates() const {
  const fs::path folder = folder_.certificates();
  if (std::error_code ignored; !fs::exists(folder / "authority.key", ignored)) {
    const auto made = network::make_authority(folder_.cluster, network::valid_for(kTenYears));
    if (!made) return tl::unexpected{made.error()};
    if (auto saved = network::save_authority(*made, folder); !saved) return saved;
  }
  Result<void> made = make_certificate("operator", network::Role::operator_);
  for (const ClusterFolder::Node& node : folder_.nodes) {
    if (made) made = make_certificate(node.name, network::Role::node);
  }
  return made;
}

Result<void> LocalCluster::make_certificate(const std::string& name, network::Role role) const {
  const fs::path folder = folder_.certificates() / name;
  if (std::error_code ignored; fs::exists(folder / "node.key", ignored)) return {};
  const auto authority = network::load_authority(folder_.certificates());
  if (!authority) return tl::unexpected{authority.error()};
  const auto credentials =
      network::make_credentials(*authority, folder_.cluster, name, network::valid_for(kTenYears), role);
  if (!credentials) return tl::unexpected{credentials.error()};
  return network::save_credentials(*credentials, folder);
}

Result<network::Credentials> LocalCluster::credentials_for(const std::string& name) const {
  if (auto made = make_certificate(name, network::Role::node); !made) return tl::unexpected{made.error()};
  return network::load_credentials(folder_.certificates() / name);
}

Result<void> LocalCluster::add_node(const std::string& name) {
  const fs::path folder = folder_.path / name;
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return fail(Errc::io_error, fmt::format("cannot make '{}': {}", folder.string(), error.message()));
  ClusterFolder::Node node{.name = name, .address = {}, .process = 0, .folder = folder.string()};
  if (!fs::exists(config_of(node), error)) {
    if (auto written = write_file_atomically(config_of(node), configuration(name, folder_, options_.plugins));
        !written) {
      return written;
    }
  }
  folder_.nodes.push_back(std::move(node));
  return {};
}

Result<void> LocalCluster::start(const std::stop_token& stop) {
  for (ClusterFolder::Node& node : folder_.nodes) {
    if (is_running(node)) continue;
    if (auto started = start(node, stop); !started) return started;
    if (options_.on_ready) options_.on_ready(node);
  }
  return {};
}

Result<void> LocalCluster::start(ClusterFolder::Node& node, const std::stop_token& stop) {
  std::vector<std::string> seeds;
  for (const ClusterFolder::Node& other : folder_.nodes) {
    if (&other != &node && is_running(other)) seeds.push_back(other.address);
  }
  std::vector<std::string> arguments{"node", "--json", "--config", config_of(node)};
  if (!seeds.empty()) arguments.insert(arguments.end(), {"--seeds", fmt::format("{}", fmt::join(seeds, ","))});
  const fs::path output = fs::path{node.folder} / "ready.json";
  const fs::path errors = fs::path{node.folder} / "errors.txt";
  const auto process = start_daemon(arguments, output, errors);
  if (!process) return tl::unexpected{process.error()};
  node.process = *process;
  node.address.clear();
  if (auto saved = folder_.save(); !saved) return saved;  // so that 'down' finds it whatever happens next
  for (const auto end = std::chrono::steady_clock::now() + options_.ready_limit;;) {
    const nlohmann::json document = nlohmann::json::parse(text_in(output), nullptr, false);
    if (document.is_object() && document.contains("address") && document["address"].is_string()) {
      node.address = document["address"].get<std::string>();
      return folder_.save();
    }
    if (!is_running(node)) {
      return fail(Errc::io_error, fmt::format("node '{}' ended before it was ready: {}", node.name, text_in(errors)));
    }
    if (stop.stop_requested()) return fail(Errc::cancelled, "interrupted before all nodes were ready");
    if (std::chrono::steady_clock::now() >= end) {
      return fail(Errc::timeout,
                  fmt::format("node '{}' was not ready in time; it said: {}", node.name, text_in(errors)));
    }
    std::this_thread::sleep_for(kLook);
  }
}

std::vector<std::string> LocalCluster::stop(std::chrono::milliseconds limit) {
  // All are told before any is waited for.
  for (const ClusterFolder::Node& node : folder_.nodes) {
    if (is_running(node)) ::kill(node.process, SIGTERM);
  }
  std::vector<std::string> killed;
  const auto end = std::chrono::steady_clock::now() + limit;
  for (const ClusterFolder::Node& node : folder_.nodes) {
    while (is_running(node) && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(kLook);
    if (is_running(node) && kill(node.name)) killed.push_back(node.name);
  }
  return killed;
}

bool LocalCluster::kill(const std::string& name) {
  const auto node = std::ranges::find(folder_.nodes, name, &ClusterFolder::Node::name);
  if (node == folder_.nodes.end() || !is_running(*node)) return false;
  return end_process(node->process, config_of(*node), SIGKILL, std::chrono::seconds{10});
}

}  // namespace myelin::tool
