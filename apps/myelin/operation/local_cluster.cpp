#include "operation/local_cluster.hpp"

#include <algorithm>
#include <cctype>
#include <csignal>
#include <fstream>
#include <iterator>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "myelin/plugin/agent_types.hpp"
#include "myelin/plugin/load.hpp"
#include "process/atomic_file.hpp"
#include "process/daemon.hpp"

namespace myelin::tool {

namespace {

namespace fs = std::filesystem;

constexpr std::chrono::hours kTenYears{10 * 365 * 24};
constexpr std::chrono::milliseconds kLook{5};
constexpr std::chrono::seconds kKillLimit{10};

std::string text_in(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

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
      quoted(name), quoted(folder.cluster), quoted("../certs/" + name), fmt::join(files, ", "));
}

/// Each is loaded, as a node would: what is wrong is to be said before anything is made.
Result<void> check_plugins(const std::vector<std::string>& files) {
  plugin::AgentTypes types;
  for (const std::string& file : files) {
    if (const auto loaded = plugin::load_plugin(fs::absolute(file), types); !loaded) {
      return tl::unexpected{loaded.error()};
    }
  }
  return {};
}

/// Whether a cluster may be made there: never among somebody's own files, which 'cluster down' must not delete.
Result<void> check_free(const ClusterFolder& folder) {
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator{folder.path, error}) {
    if (entry.path() == folder.lock()) continue;
    return fail(Errc::invalid_argument,
                fmt::format("'{}' is no cluster's folder, and not empty ('{}' is in it): name one that is new or "
                            "empty with --dir",
                            folder.path.string(), entry.path().filename().string()));
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    return fail(Errc::io_error, fmt::format("cannot read '{}': {}", folder.path.string(), error.message()));
  }
  return {};
}

/// Whether what the cluster makes there is its own.
Result<void> check_none_at(const fs::path& path) {
  std::error_code ignored;
  if (!fs::exists(fs::symlink_status(path, ignored))) return {};
  return fail(Errc::invalid_argument,
              fmt::format("'{}' is there already, and the cluster has not made it: move it away", path.string()));
}

/// Makes the folder too: who held the lock may have deleted it.
Result<FileLock> lock_made(const ClusterFolder& folder, const FileLock::Wait& wait) {
  for (;;) {
    std::error_code error;
    fs::create_directories(folder.path, error);
    if (error) return fail(Errc::io_error, fmt::format("cannot make '{}': {}", folder.path.string(), error.message()));
    auto lock = FileLock::take(folder.lock(), wait);
    if (lock || lock.error().code != Errc::not_found) return lock;
  }
}

/// Why a node ended before it was ready. With --json it has said so on its standard output.
Error end_of(const ClusterFolder::Node& node) {
  Error why{Errc::io_error, text_in(node.errors())};
  const nlohmann::json said = nlohmann::json::parse(text_in(node.output()), nullptr, false);
  const nlohmann::json error = said.is_object() ? said.value("error", nlohmann::json{}) : nlohmann::json{};
  if (error.is_object() && error.contains("code") && error["code"].is_number_integer()) {
    why.code = static_cast<Errc>(error["code"].get<int>());
  }
  if (error.is_object() && error.contains("message") && error["message"].is_string()) {
    why.message = error["message"].get<std::string>();
  }
  while (!why.message.empty() && std::isspace(static_cast<unsigned char>(why.message.back()))) why.message.pop_back();
  if (why.message.empty()) why.message = "it did not say why";
  why.message = fmt::format("node '{}' ended before it was ready: {}", node.name, why.message);
  return why;
}

}  // namespace

Result<LocalCluster> LocalCluster::open(const fs::path& path, const FileLock::Wait& wait) {
  // Before the lock is made: somebody else's folder is left as it is.
  auto folder = ClusterFolder::load(path);
  if (!folder) return tl::unexpected{folder.error()};
  auto lock = FileLock::take(folder->lock(), wait);
  if (!lock && lock.error().code != Errc::not_found) return tl::unexpected{lock.error()};
  folder = ClusterFolder::load(path);  // what it is now that it was waited for
  if (!folder) return tl::unexpected{folder.error()};
  if (!lock) return tl::unexpected{lock.error()};
  return LocalCluster{*std::move(folder), {}, *std::move(lock)};
}

Result<LocalCluster> LocalCluster::open_or_make(const fs::path& path, LocalClusterOptions options) {
  if (auto good = check_plugins(options.plugins); !good) return tl::unexpected{good.error()};
  ClusterFolder folder{.path = fs::absolute(path).lexically_normal(), .cluster = options.cluster};
  // Somebody's own folder is to have no lock of ours; where there is one already, another 'up' may be making it.
  if (std::error_code ignored; !ClusterFolder::is_at(path)) {
    auto free = check_free(folder);
    if (!free && !fs::exists(folder.lock(), ignored)) return tl::unexpected{free.error()};
  }
  auto lock = lock_made(folder, options.wait);
  if (!lock) return tl::unexpected{lock.error()};
  if (ClusterFolder::is_at(path)) {
    auto loaded = ClusterFolder::load(path);
    if (!loaded) return tl::unexpected{loaded.error()};
    folder = *std::move(loaded);
  } else {
    if (auto free = check_free(folder); !free) return tl::unexpected{free.error()};
    // First: from now on it is a cluster's, whatever ends this.
    if (auto saved = folder.save(); !saved) return tl::unexpected{saved.error()};
  }
  const std::size_t there = folder.nodes.size();
  const std::size_t wanted = options.nodes.value_or(there == 0 ? LocalClusterOptions::kNodes : there);
  LocalCluster cluster{std::move(folder), std::move(options), *std::move(lock)};
  for (const ClusterFolder::Node& node : cluster.folder_.nodes) {
    if (auto made = cluster.make_node(node); !made) return tl::unexpected{made.error()};
  }
  for (std::size_t i = there; i < wanted; ++i) {
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

Result<fs::path> LocalCluster::add_file(const std::string& name) {
  if (std::ranges::find(folder_.files, name) == folder_.files.end()) {
    if (auto free = check_none_at(folder_.path / name); !free) return tl::unexpected{free.error()};
    folder_.files.push_back(name);
    if (auto saved = folder_.save(); !saved) return tl::unexpected{saved.error()};
  }
  return folder_.path / name;
}

/// Told of first: what is in the folder then is the cluster's, and is deleted with it.
Result<void> LocalCluster::add_node(const std::string& name) {
  const ClusterFolder::Node node{.name = name, .folder = folder_.path / name};
  if (auto free = check_none_at(node.folder); !free) return free;
  folder_.nodes.push_back(node);
  if (auto saved = folder_.save(); !saved) return saved;
  return make_node(node);
}

/// Does nothing where it is there already; it is not where 'up' was ended in the middle.
Result<void> LocalCluster::make_node(const ClusterFolder::Node& node) const {
  std::error_code error;
  if (fs::exists(node.configuration(), error)) return {};
  fs::create_directories(node.folder, error);
  if (error) return fail(Errc::io_error, fmt::format("cannot make '{}': {}", node.folder.string(), error.message()));
  return write_file_atomically(node.configuration(), configuration(node.name, folder_, options_.plugins));
}

Result<std::vector<std::string>> LocalCluster::start(const std::stop_token& stop) {
  std::vector<std::string> ran;
  for (ClusterFolder::Node& node : folder_.nodes) {
    const pid_t process = node.running();
    const bool was_ready = process != 0 && (!node.address.empty() || !node.is_heard(process));
    if (process == 0) {
      if (auto spawned = spawn(node); !spawned) return tl::unexpected{spawned.error()};
      if (auto saved = folder_.save(); !saved) return tl::unexpected{saved.error()};  // 'down' is to find it
    }
    if (auto ready = was_ready ? Result<void>{} : wait_ready(node, stop); !ready) return tl::unexpected{ready.error()};
    if (was_ready) {
      ran.push_back(node.name);
    } else if (options_.on_ready) {
      options_.on_ready(node);
    }
  }
  return ran;
}

Result<void> LocalCluster::spawn(ClusterFolder::Node& node) const {
  std::vector<std::string> seeds;
  for (const ClusterFolder::Node& other : folder_.nodes) {
    if (&other != &node && !other.address.empty() && other.running() != 0) seeds.push_back(other.address);
  }
  std::vector<std::string> arguments{"node", "--json", "--config", node.configuration().string()};
  if (!seeds.empty()) arguments.insert(arguments.end(), {"--seeds", fmt::format("{}", fmt::join(seeds, ","))});
  const auto process = start_daemon(arguments, {.output = node.output(), .errors = node.errors()});
  if (!process) return tl::unexpected{process.error()};
  node.process = *process;
  return {};
}

Result<void> LocalCluster::wait_ready(ClusterFolder::Node& node, const std::stop_token& stop) const {
  for (const auto end = std::chrono::steady_clock::now() + options_.ready_limit;;) {
    const bool runs = node.running() != 0;  // before the look: what it says then is its last word
    node.look();
    if (!node.address.empty()) return {};
    if (!runs) return tl::unexpected{end_of(node)};
    if (stop.stop_requested()) return fail(Errc::cancelled, "interrupted before all nodes were ready");
    if (std::chrono::steady_clock::now() >= end) {
      return fail(Errc::timeout,
                  fmt::format("node '{}' (process {}) was not ready within {} s: 'myelin cluster down' ends it, and "
                              "'{}' has what it said",
                              node.name, node.process, options_.ready_limit.count() / 1000, node.errors().string()));
    }
    std::this_thread::sleep_for(kLook);
  }
}

std::vector<std::string> LocalCluster::stop(std::chrono::milliseconds limit) {
  // All are told before any is waited for.
  for (const ClusterFolder::Node& node : folder_.nodes) {
    if (const pid_t process = node.running(); process != 0) ::kill(process, SIGTERM);
  }
  std::vector<std::string> killed;
  const auto end = std::chrono::steady_clock::now() + limit;
  for (const ClusterFolder::Node& node : folder_.nodes) {
    while (node.running() != 0 && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(kLook);
    if (node.running() != 0 && kill(node.name)) killed.push_back(node.name);
  }
  return killed;
}

bool LocalCluster::kill(const std::string& name) {
  const auto node = std::ranges::find(folder_.nodes, name, &ClusterFolder::Node::name);
  const pid_t process = node == folder_.nodes.end() ? 0 : node->running();
  if (process == 0 || ::kill(process, SIGKILL) != 0) return false;
  for (const auto end = std::chrono::steady_clock::now() + kKillLimit; std::chrono::steady_clock::now() < end;) {
    if (node->running() == 0) return true;
    std::this_thread::sleep_for(kLook);
  }
  return false;
}

Result<std::vector<std::string>> LocalCluster::remove() {
  for (const ClusterFolder::Node& node : folder_.nodes) {
    if (const pid_t process = node.running(); process != 0) {
      return fail(Errc::invalid_argument,
                  fmt::format("'{}' is not deleted: process {} ({}) runs in it, and does not end",
                              folder_.path.string(), process, node.name));
    }
  }
  return folder_.remove();
}

}  // namespace myelin::tool
