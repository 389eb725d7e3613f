/// What a node is told: by a TOML file, by environment variables and by flags.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "myelin/actors/supervision.hpp"

namespace myelin::tool {

/// One table [[agent]]: agents that the node starts and publishes.
struct AgentEntry {
  std::string type;
  std::string name;  ///< Empty: the type's name.
  std::uint64_t count = 1;
  std::string settings = "{}";  ///< JSON.
  std::string settings_toml;    ///< The same as the file has it: "settings = { ... }"; empty where there are none.
  std::string restart = "on-failure";
  bool singleton = false;
  std::uint64_t lease = 10;  ///< Seconds; of singletons.
  std::size_t line = 0;      ///< In the file; 0 where there is none.

  /// What the agents are published as: the name, or where there are more than one "name-1", "name-2", ...
  [[nodiscard]] std::vector<std::string> names() const;
  [[nodiscard]] RestartWhen restart_when() const;
};

/// All of it, with defaults. What each means is in all_keys().
struct NodeConfig {
  std::string name;
  std::string cluster = "myelin";
  std::string listen = "127.0.0.1:7400";
  std::string advertise;
  std::string data = "myelin-node";
  std::vector<std::string> seeds;
  std::vector<std::string> tags;
  bool insecure = false;
  std::uint64_t stop_deadline = 10;
  std::string log = "stderr";
  std::string log_level = "info";

  std::string certs;

  std::uint64_t workers = 0;
  std::uint64_t job_threads = 1;
  bool pin_workers = false;

  std::vector<std::string> plugins;

  std::string committee;
  std::string validator;
  std::string embedded;

  std::vector<AgentEntry> agents;

  /// `name`, or where that is empty the machine's.
  [[nodiscard]] std::string node_name() const;
};

}  // namespace myelin::tool
