#include "node/config_keys.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace myelin::tool {

namespace {

constexpr std::string_view kNode = "node";
constexpr std::string_view kTls = "tls";
constexpr std::string_view kMesh = "mesh";
constexpr std::string_view kPlugins = "plugins";
constexpr std::string_view kMemory = "memory";

constexpr std::array kKeys{
    ConfigKey{kNode, "name", &NodeConfig::name, "NAME",
              "This node's name, different for each node of the cluster; empty: the machine's name"},
    ConfigKey{kNode, "cluster", &NodeConfig::cluster, "NAME", "Only nodes of one cluster talk to each other"},
    ConfigKey{
        kNode, "listen", &NodeConfig::listen, "HOST:PORT",
        "Where others reach this node; port 0 is any that is free. Beyond this machine with [tls] certs, or where "
        "'insecure' says so"},
    ConfigKey{kNode, "advertise", &NodeConfig::advertise, "HOST:PORT",
              "Where others are told to reach it; empty: where it listens. Needed where it listens on 0.0.0.0"},
    ConfigKey{kNode,
              "data",
              &NodeConfig::data,
              "DIR",
              "Belongs to this node alone: its lock, its certificates if it makes them, its log",
              0,
              0,
              {},
              true},
    ConfigKey{kNode, "seeds", &NodeConfig::seeds, "HOST:PORT,...",
              "Nodes to find the others by. One that answers is enough; this node's own may be among them"},
    ConfigKey{kNode, "tags", &NodeConfig::tags, "TAG,...", "What this node is good for, for others to see, e.g. gpu"},
    ConfigKey{kNode, "insecure", &NodeConfig::insecure, "",
              "No TLS: whoever reaches the port is believed, and may start agents; whoever is on the way reads it all"},
    ConfigKey{kNode, "stop-deadline", &NodeConfig::stop_deadline, "SECONDS",
              "Within so many seconds of SIGTERM or Ctrl-C it ends: agents finish what they have begun, and stop", 1,
              3600},
    ConfigKey{kNode, "log", &NodeConfig::log, "FILE",
              "'stderr', or a file in the data folder: four of 16 MiB are kept"},
    ConfigKey{kNode, "log-level", &NodeConfig::log_level, "LEVEL", "The least that is logged", 0, 0,
              "debug info warn error"},
    ConfigKey{kTls,
              "certs",
              &NodeConfig::certs,
              "DIR",
              "This node's ca.pem, node.pem and node.key, as 'myelin certs new' makes them; empty: made in the data "
              "folder at the first start, for a node that listens on this machine only",
              0,
              0,
              {},
              true},
    ConfigKey{kMesh, "workers", &NodeConfig::workers, "N", "Threads that run agents; 0 is one a processor", 0, 1024},
    ConfigKey{kMesh, "job-threads", &NodeConfig::job_threads, "N", "Threads for long or blocking work of agents", 1,
              1024},
    ConfigKey{kMesh, "pin-workers", &NodeConfig::pin_workers, "", "Ties each worker to one processor"},
    ConfigKey{kPlugins,
              "files",
              &NodeConfig::plugins,
              "FILE,...",
              "Shared libraries with types of agents",
              0,
              0,
              {},
              true,
              "plugins"},
    ConfigKey{kMemory,
              "committee",
              &NodeConfig::committee,
              "FILE",
              "The file that names the validators of a shared memory: agents of this node may use it",
              0,
              0,
              {},
              true},
    ConfigKey{kMemory,
              "validator",
              &NodeConfig::validator,
              "DIR",
              "This node is one of those validators, with its key in DIR/key ('myelin keys new DIR/key')",
              0,
              0,
              {},
              true},
    ConfigKey{kMemory,
              "embedded",
              &NodeConfig::embedded,
              "DIR",
              "Instead of a committee: a shared memory of this node alone, kept in DIR, as 'myelin memory' has it",
              0,
              0,
              {},
              true},
};

constexpr std::array kAgentKeys{
    AgentKey{"type", "NAME", "A type of a plugin, or one that every node has: 'inference', 'echo'. Required"},
    AgentKey{"name", "NAME", "What it is published as; default: the type's name"},
    AgentKey{"count", "N", "Start so many, 1 to 10000: NAME-1, NAME-2, ..."},
    AgentKey{"settings", "{ ... }", "What its constructor is told; the type says which there are"},
    AgentKey{"restart", "WHEN", "When it ends: on-failure, always or never"},
    AgentKey{"singleton", "true",
             "One in the whole cluster, on whichever node of those that say so has the lease in the "
             "memory of [memory] committee"},
    AgentKey{"lease", "SECONDS",
             "Of a singleton: when its node is lost, another starts it after so long, 1 to 86400; "
             "default 10"},
};

}  // namespace

std::vector<std::string> AgentEntry::names() const {
  const std::string& base = name.empty() ? type : name;
  if (count == 1) return {base};
  std::vector<std::string> all;
  for (std::uint64_t i = 1; i <= count; ++i) all.push_back(fmt::format("{}-{}", base, i));
  return all;
}

RestartWhen AgentEntry::restart_when() const {
  if (restart == "always") return RestartWhen::always;
  return restart == "never" ? RestartWhen::never : RestartWhen::on_failure;
}

std::string NodeConfig::node_name() const {
  if (!name.empty()) return name;
  std::array<char, 256> machine{};
  if (::gethostname(machine.data(), machine.size() - 1) != 0 || machine.front() == '\0') return "node";
  return machine.data();
}

std::string ConfigKey::flag() const { return fmt::format("--{}", flag_name.empty() ? name : flag_name); }

std::string ConfigKey::variable() const {
  std::string text = fmt::format("MYELIN_{}_{}", section, name);
  std::ranges::transform(text, text.begin(), [](char letter) {
    if (letter == '-') return '_';
    return letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
  });
  return text;
}

std::span<const ConfigKey> all_keys() { return kKeys; }
std::span<const AgentKey> agent_keys() { return kAgentKeys; }

std::string_view section_help(std::string_view section) {
  if (section == kNode) return "The node itself.";
  if (section == kTls) return "What it proves itself with to other nodes.";
  if (section == kMesh) return "Its threads.";
  if (section == kPlugins) return "Compiled agents: docs/guide/plugins.md.";
  return "The shared memory that its agents use: docs/guide/shared_memory.md.";
}

std::string wanted_by(const ConfigKey& key) {
  if (std::holds_alternative<ConfigKey::Number>(key.member)) {
    return fmt::format("a whole number from {} to {}", key.min, key.max);
  }
  if (std::holds_alternative<ConfigKey::Switch>(key.member)) return "true or false";
  if (std::holds_alternative<ConfigKey::List>(key.member)) return "a list of texts";
  return key.choices.empty() ? "a text" : fmt::format("one of: {}", key.choices);
}

namespace {
tl::unexpected<Error> unwanted(const ConfigKey& key) {
  return fail(Errc::invalid_argument, fmt::format("expected {}", wanted_by(key)));
}
}  // namespace

Result<void> set_number(NodeConfig& config, const ConfigKey& key, std::uint64_t number) {
  const auto* const member = std::get_if<ConfigKey::Number>(&key.member);
  if (member == nullptr || number < key.min || number > key.max) return unwanted(key);
  config.*(*member) = number;
  return {};
}

Result<void> set_text(NodeConfig& config, const ConfigKey& key, std::string text) {
  const auto* const member = std::get_if<ConfigKey::Text>(&key.member);
  if (member == nullptr) return unwanted(key);
  if (!key.choices.empty()) {
    const std::string spaced = fmt::format(" {} ", key.choices);
    if (text.empty() || spaced.find(' ' + text + ' ') == std::string::npos) return unwanted(key);
  }
  config.*(*member) = std::move(text);
  return {};
}

Result<void> set_from_text(NodeConfig& config, const ConfigKey& key, const std::string& text) {
  if (const auto* const member = std::get_if<ConfigKey::Switch>(&key.member)) {
    if (text != "true" && text != "false") return unwanted(key);
    config.*(*member) = text == "true";
    return {};
  }
  if (const auto* const member = std::get_if<ConfigKey::List>(&key.member)) {
    std::vector<std::string> items;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find(',', at), text.size());
      if (end > at) items.push_back(text.substr(at, end - at));
      at = end + 1;
    }
    config.*(*member) = std::move(items);
    return {};
  }
  if (std::holds_alternative<ConfigKey::Number>(key.member)) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return unwanted(key);
    return set_number(config, key, number);
  }
  return set_text(config, key, text);
}

std::string toml_text(std::string_view text) {
  std::string quoted = "\"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') {
      quoted += '\\';
      quoted += letter;
    } else if (static_cast<unsigned char>(letter) < 0x20 || letter == 0x7f) {
      quoted += fmt::format("\\u{:04x}", static_cast<unsigned>(letter));
    } else {
      quoted += letter;
    }
  }
  return quoted + '"';
}

std::string toml_value(const NodeConfig& config, const ConfigKey& key) {
  if (const auto* const text = std::get_if<ConfigKey::Text>(&key.member)) return toml_text(config.*(*text));
  if (const auto* const number = std::get_if<ConfigKey::Number>(&key.member)) {
    return std::to_string(config.*(*number));
  }
  if (const auto* const on = std::get_if<ConfigKey::Switch>(&key.member)) return config.*(*on) ? "true" : "false";
  std::string list = "[";
  for (const std::string& item : config.*std::get<ConfigKey::List>(key.member)) {
    list += (list.size() == 1 ? "" : ", ") + toml_text(item);
  }
  return list + ']';
}

}  // namespace myelin::tool
