/// A whole cluster on this machine, a process a node: for trying things out, demos and tests.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "myelin/base/result.hpp"
#include "myelin/network/certificates.hpp"
#include "operation/cluster_folder.hpp"

namespace myelin::tool {

struct LocalClusterOptions {
  std::size_t nodes = 4;
  std::string cluster = "myelin";
  std::vector<std::string> plugins = {};
  std::chrono::milliseconds ready_limit = std::chrono::seconds{30};
  /// Told of each node that is ready; may be empty.
  std::function<void(const ClusterFolder::Node&)> on_ready = {};
};

/// **Thread-safety**: thread-compatible; one process at a time works on a folder.
class LocalCluster {
 public:
  /// Makes a folder with an authority, certificates, and a configuration a node; or takes the one that is there, where
  /// `options.nodes` may be more than before. Nothing is started. **Errors**: io_error, backend_failed, corrupt_file.
  [[nodiscard]] static Result<LocalCluster> open_or_make(const std::filesystem::path& path,
                                                         LocalClusterOptions options);
  /// **Errors**: not_found, corrupt_file.
  [[nodiscard]] static Result<LocalCluster> open(const std::filesystem::path& path);

  /// What somebody proves himself with who joins these nodes as another; made where there is none yet.
  /// **Errors**: as open_or_make().
  [[nodiscard]] Result<network::Credentials> credentials_for(const std::string& name) const;
  /// Starts those that do not run, and waits until each is ready. **Errors**: io_error, with what the node said;
  /// timeout; cancelled.
  [[nodiscard]] Result<void> start(const std::stop_token& stop);
  /// Has all of them end, in time; kills those that do not. Returns the names of those that were killed.
  [[nodiscard]] std::vector<std::string> stop(std::chrono::milliseconds limit);
  /// As a crash would. False for nobody of that name that runs.
  bool kill(const std::string& name);

  [[nodiscard]] const ClusterFolder& folder() const noexcept { return folder_; }
  [[nodiscard]] static bool is_running(const ClusterFolder::Node& node);

 private:
  LocalCluster(ClusterFolder folder, LocalClusterOptions options)
      : folder_{std::move(folder)}, options_{std::move(options)} {}

  [[nodiscard]] Result<void> make_certificates() const;
  [[nodiscard]] Result<void> make_certificate(const std::string& name, network::Role role) const;
  [[nodiscard]] Result<void> add_node(const std::string& name);
  [[nodiscard]] Result<void> start(ClusterFolder::Node& node, const std::stop_token& stop);

  ClusterFolder folder_;
  LocalClusterOptions options_;
};

}  // namespace myelin::tool
