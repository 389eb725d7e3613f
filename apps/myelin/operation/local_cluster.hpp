/// A whole cluster on this machine, a process a node: for trying things out, demos and tests.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "myelin/base/result.hpp"
#include "myelin/network/certificates.hpp"
#include "operation/cluster_folder.hpp"
#include "process/file_lock.hpp"

namespace myelin::tool {

struct LocalClusterOptions {
  /// Of a cluster that is new, where nobody says how many.
  static constexpr std::size_t kNodes = 4;

  std::optional<std::size_t> nodes = {};  ///< Nothing: those that are there.
  std::string cluster = "myelin";
  std::vector<std::string> plugins = {};  ///< Of nodes that are new.
  std::chrono::milliseconds ready_limit = std::chrono::seconds{30};
  /// Told of each node that is ready, if it did not run before; may be empty.
  std::function<void(const ClusterFolder::Node&)> on_ready = {};
  /// How to wait for another process that works on the folder.
  FileLock::Wait wait = {};
};

/// Holds the folder: another process that wants it waits until this has ended. **Thread-safety**: thread-compatible.
class LocalCluster {
 public:
  /// Makes a folder with an authority, certificates, and a configuration a node; or takes the one that is there, where
  /// `options.nodes` may be more than before. Nothing is started. **Errors**: invalid_argument for a folder with files
  /// that are no cluster's; what load_plugin() says of a plugin, with nothing made; io_error, backend_failed,
  /// corrupt_file, and FileLock::take()'s.
  [[nodiscard]] static Result<LocalCluster> open_or_make(const std::filesystem::path& path,
                                                         LocalClusterOptions options);
  /// **Errors**: not_found, corrupt_file, and FileLock::take()'s.
  [[nodiscard]] static Result<LocalCluster> open(const std::filesystem::path& path, const FileLock::Wait& wait);

  /// What somebody proves himself with who joins these nodes as another; made where there is none yet.
  /// **Errors**: as open_or_make().
  [[nodiscard]] Result<network::Credentials> credentials_for(const std::string& name) const;
  /// Where to write a file that goes when the cluster is deleted. **Errors**: io_error.
  [[nodiscard]] Result<std::filesystem::path> add_file(const std::string& name);
  /// Starts those that do not run, and waits until each is ready. Returns the names of those that ran before.
  /// **Errors**: what the node said that has ended instead; timeout; cancelled; io_error.
  [[nodiscard]] Result<std::vector<std::string>> start(const std::stop_token& stop);
  /// Has all of them end, in time; kills those that do not. Returns the names of those that were killed.
  [[nodiscard]] std::vector<std::string> stop(std::chrono::milliseconds limit);
  /// As a crash would. False for nobody of that name that runs.
  bool kill(const std::string& name);
  /// As ClusterFolder::remove(). **Errors**: invalid_argument where a node runs; io_error.
  [[nodiscard]] Result<std::vector<std::string>> remove();

  [[nodiscard]] const ClusterFolder& folder() const noexcept { return folder_; }

 private:
  LocalCluster(ClusterFolder folder, LocalClusterOptions options, FileLock lock)
      : folder_{std::move(folder)}, options_{std::move(options)}, lock_{std::move(lock)} {}

  [[nodiscard]] Result<void> make_certificates() const;
  [[nodiscard]] Result<void> make_certificate(const std::string& name, network::Role role) const;
  [[nodiscard]] Result<void> add_node(const std::string& name);
  [[nodiscard]] Result<void> make_node(const ClusterFolder::Node& node) const;
  [[nodiscard]] Result<void> spawn(ClusterFolder::Node& node) const;
  [[nodiscard]] Result<void> wait_ready(ClusterFolder::Node& node, const std::stop_token& stop) const;

  ClusterFolder folder_;
  LocalClusterOptions options_;
  FileLock lock_;
};

}  // namespace myelin::tool
