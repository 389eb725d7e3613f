/// The folder of a cluster that `myelin cluster up` has started on this machine: who is in it, and how to reach them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

#include "myelin/base/result.hpp"

namespace myelin::tool {

/// The names of its files. In cluster.json is what ClusterFolder holds.
struct ClusterFolder {
  struct Node {
    std::string name;
    std::string address;  ///< "host:port"; empty until it was ready.
    pid_t process = 0;
    std::string folder;  ///< With its configuration, its data and its log.
  };
  std::filesystem::path path;
  std::string cluster = "myelin";
  std::vector<Node> nodes;

  [[nodiscard]] std::filesystem::path certificates() const { return path / "certs"; }
  [[nodiscard]] std::filesystem::path operator_certificates() const { return certificates() / "operator"; }

  /// **Errors**: not_found where there is none; corrupt_file.
  [[nodiscard]] static Result<ClusterFolder> load(const std::filesystem::path& path);
  /// Whole or not at all. **Errors**: io_error.
  [[nodiscard]] Result<void> save() const;
};

/// Where one is looked for, and made.
inline constexpr const char* kClusterFolder = "myelin-cluster";

}  // namespace myelin::tool
