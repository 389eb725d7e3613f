/// Reads the TOML file of a node, and gathers all that is wrong with it.
#pragma once

#include <toml++/toml.h>

#include <filesystem>
#include <string>
#include <vector>

#include "node/config_file.hpp"
#include "node/config_keys.hpp"

namespace myelin::tool {

/// **Thread-safety**: thread-compatible.
class TomlReader {
 public:
  TomlReader(const std::filesystem::path& file, ReadConfig& into) : file_{file}, into_{into} {}

  void read(const toml::table& table);

 private:
  void section(const std::string& name, const toml::table& table);
  void value(const ConfigKey& key, const toml::node& node);
  void list(const ConfigKey& key, const toml::node& node);
  void agents(const toml::node& node);
  void agent(const toml::table& table);
  void agent_value(AgentEntry& entry, const std::string& name, const toml::node& node);
  void problem(const toml::node& node, const std::string& what);
  [[nodiscard]] std::string from_file(const ConfigKey& key, const std::string& path) const;

  const std::filesystem::path& file_;
  ReadConfig& into_;
};

}  // namespace myelin::tool
