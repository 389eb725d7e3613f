/// The folder of a cluster that `myelin cluster up` has started on this machine: who is in it, and how to reach them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

#include "myelin/base/result.hpp"

namespace myelin::tool {

/// The names of its files. In cluster.json is what ClusterFolder holds; which process a node is, and where it listens,
/// the node's own folder says.
struct ClusterFolder {
  struct Node {
    std::string name;
    std::string address = {};           ///< "host:port"; empty while it is not ready, and where it does not run.
    pid_t process = 0;                  ///< That was started last; 0 where none was.
    std::filesystem::path folder = {};  ///< With its configuration, its data, its log, and what it said at its start.

    [[nodiscard]] std::filesystem::path configuration() const { return folder / "node.toml"; }
    [[nodiscard]] std::filesystem::path output() const { return folder / "ready.json"; }
    [[nodiscard]] std::filesystem::path errors() const { return folder / "errors.txt"; }
    /// As its configuration says.
    [[nodiscard]] std::filesystem::path data() const;
    /// The process that has the node's data folder, or is about to take it; 0 where none runs.
    [[nodiscard]] pid_t running() const;
    /// Whether the process says on output() when it is ready, and where; not so where somebody started it by hand.
    [[nodiscard]] bool is_heard(pid_t by) const;
    /// Takes the process that runs, and the address that it has said.
    void look();
  };
  std::filesystem::path path;  ///< Absolute.
  std::string cluster = "myelin";
  std::vector<Node> nodes = {};
  std::vector<std::string> files = {};  ///< More that was made in the folder, and goes with it: names.

  [[nodiscard]] std::filesystem::path certificates() const { return path / "certs"; }
  [[nodiscard]] std::filesystem::path operator_certificates() const { return certificates() / "operator"; }
  [[nodiscard]] std::filesystem::path lock() const { return path / "lock"; }

  /// With what runs now. **Errors**: not_found where there is none; corrupt_file.
  [[nodiscard]] static Result<ClusterFolder> load(const std::filesystem::path& path);
  [[nodiscard]] static bool is_at(const std::filesystem::path& path);
  /// Whole or not at all. **Errors**: io_error.
  [[nodiscard]] Result<void> save() const;
  /// Deletes what was made in it, and the folder itself where nothing else is in it and nobody works in it. Returns
  /// what was left, by name. **Requires**: no node runs. **Errors**: io_error.
  [[nodiscard]] Result<std::vector<std::string>> remove() const;
};

/// Where one is looked for, and made.
inline constexpr const char* kClusterFolder = "myelin-cluster";

}  // namespace myelin::tool
