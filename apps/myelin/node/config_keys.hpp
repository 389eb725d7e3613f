/// Every key of a node's configuration, in one table: the file, the environment, the flags, their help and `myelin
/// config show` are made of it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "myelin/base/result.hpp"
#include "node/node_config.hpp"

namespace myelin::tool {

/// One key.
struct ConfigKey {
  using Text = std::string NodeConfig::*;
  using Number = std::uint64_t NodeConfig::*;
  using Switch = bool NodeConfig::*;
  using List = std::vector<std::string> NodeConfig::*;

  std::string_view section;
  std::string_view name;
  std::variant<Text, Number, Switch, List> member;
  std::string_view value_name;  ///< "FILE"
  std::string_view help;
  std::uint64_t min = 0;  ///< Numbers only.
  std::uint64_t max = 0;
  std::string_view choices = {};  ///< Texts only: "trace debug info", or none for any text.
  bool is_path = false;           ///< In a file, it is meant from where the file is.
  std::string_view flag_name = {};

  /// "--stop-deadline".
  [[nodiscard]] std::string flag() const;
  /// "MYELIN_NODE_STOP_DEADLINE".
  [[nodiscard]] std::string variable() const;
};

/// One key of a table [[agent]].
struct AgentKey {
  std::string_view name;
  std::string_view value_name;
  std::string_view help;
};

/// In the order of the help.
[[nodiscard]] std::span<const ConfigKey> all_keys();
[[nodiscard]] std::span<const AgentKey> agent_keys();
/// What a section is for.
[[nodiscard]] std::string_view section_help(std::string_view section);

/// Sets a key from a text: of the environment, or of a flag. Lists have commas between their items; switches are true
/// or false. **Errors**: invalid_argument, which says what the key takes.
[[nodiscard]] Result<void> set_from_text(NodeConfig& config, const ConfigKey& key, const std::string& text);
[[nodiscard]] Result<void> set_number(NodeConfig& config, const ConfigKey& key, std::uint64_t number);
[[nodiscard]] Result<void> set_text(NodeConfig& config, const ConfigKey& key, std::string text);

/// "a whole number from 0 to 1024".
[[nodiscard]] std::string wanted_by(const ConfigKey& key);
/// The value as TOML has it: "\"info\"", "10", "[]".
[[nodiscard]] std::string toml_value(const NodeConfig& config, const ConfigKey& key);
/// A text in quotes, as TOML has it.
[[nodiscard]] std::string toml_text(std::string_view text);

}  // namespace myelin::tool
