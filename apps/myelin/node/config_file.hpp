/// A node's configuration: read, checked, shown.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "myelin/base/result.hpp"
#include "node/node_config.hpp"
#include "process/environment.hpp"

namespace myelin::tool {

/// Something that is wrong with it.
struct ConfigProblem {
  std::string where;  ///< "'node.toml', line 3", "MYELIN_NODE_LISTEN", "--listen".
  std::string what;

  /// "'node.toml', line 3: unknown key 'lisen' in [node]; did you mean 'listen'?"
  [[nodiscard]] std::string text() const { return where + ": " + what; }
};

struct ReadConfig {
  NodeConfig config;
  std::vector<ConfigProblem> problems;       ///< All of them, in the order of their places; none where all is well.
  std::map<std::string, std::size_t> lines;  ///< Of what the file says, by its flag.
};

/// Where it comes from. What is said later counts: defaults, the file, the environment, flags.
struct ConfigSources {
  std::filesystem::path file = {};                ///< None if it is empty.
  const Environment* environment = nullptr;       ///< None if it is null.
  std::map<std::string, std::string> flags = {};  ///< "--listen" and its text.
};

/// **Errors**: not_found and io_error, for the file; what is wrong in it is among the problems.
[[nodiscard]] Result<ReadConfig> read_config(const ConfigSources& sources);

/// A commented TOML file that says all of it, and can be read again.
[[nodiscard]] std::string show_config(const NodeConfig& config);

}  // namespace myelin::tool
