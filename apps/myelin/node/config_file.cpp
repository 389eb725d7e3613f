#include "node/config_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <map>
#include <set>

#include "myelin/base/suggestion.hpp"
#include "myelin/network/certificates.hpp"
#include "node/config_keys.hpp"
#include "node/toml_reader.hpp"

namespace myelin::tool {

namespace {

namespace fs = std::filesystem;

Result<void> read_file(const fs::path& file, ReadConfig& into) {
  std::error_code ignored;
  if (!fs::exists(file, ignored)) {
    return fail(Errc::not_found,
                fmt::format("no configuration at '{}'; 'myelin config show' prints one to start from", file.string()));
  }
  if (!fs::is_regular_file(file, ignored)) {
    return fail(Errc::io_error, fmt::format("'{}' is not a file", file.string()));
  }
  try {
    TomlReader{file, into}.read(toml::parse_file(file.string()));
  } catch (const toml::parse_error& error) {
    into.problems.push_back(
        {fmt::format("'{}', line {}", file.string(), error.source().begin.line), std::string{error.description()}});
  }
  return {};
}

/// For those of a file: its keys come in no order.
void sort_by_line(std::vector<ConfigProblem>& problems) {
  std::ranges::stable_sort(problems, {}, [](const ConfigProblem& problem) {
    const auto at = problem.where.rfind(", line ");
    return at == std::string::npos ? std::numeric_limits<int>::max() : std::atoi(problem.where.c_str() + at + 7);
  });
}

/// "host:port", as far as that can be told without asking anybody.
bool is_address(const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == text.size() || text.size() - colon > 6) return false;
  const std::string port = text.substr(colon + 1);
  return std::ranges::all_of(port, [](char digit) { return digit >= '0' && digit <= '9'; }) && std::stoi(port) < 65'536;
}

/// All addresses of the machine: to listen on, and not to be dialled.
bool is_any_address(const std::string& text) {
  const auto host = text.substr(0, text.rfind(':'));
  return host == "0.0.0.0" || host == "[::]" || host == "*";
}

/// Kubernetes tells each container of the services that it may call: a service 'myelin-node' is
/// MYELIN_NODE_SERVICE_HOST, MYELIN_NODE_PORT and more.
bool is_of_kubernetes(std::string_view rest) {
  // And 'myelin-node-north' is MYELIN_NODE_NORTH_SERVICE_HOST.
  return rest.starts_with("SERVICE_") || rest.ends_with("_SERVICE_HOST") ||
         rest.find("_SERVICE_PORT") != std::string_view::npos || rest == "PORT" || rest.starts_with("PORT_") ||
         rest.ends_with("_PORT") || rest.find("_PORT_") != std::string_view::npos;
}

/// A typing error in a variable's name must not go unnoticed, as little as one in the file or in a flag.
void find_unknown_variables(const Environment& environment, ReadConfig& into) {
  std::vector<std::string> known;
  std::set<std::string> prefixes;
  for (const ConfigKey& key : all_keys()) {
    const std::string variable = key.variable();
    prefixes.insert(variable.substr(0, variable.size() - key.name.size()));
    known.push_back(variable);
  }
  for (const std::string& prefix : prefixes) {
    for (const std::string& name : environment.names_with(prefix)) {
      if (std::ranges::find(known, name) != known.end()) continue;
      if (is_of_kubernetes(std::string_view{name}.substr(prefix.size()))) continue;
      const auto near = nearest(name, known);
      into.problems.push_back(
          {name, near ? fmt::format("unknown variable; did you mean '{}'?", *near)
                      : std::string{"unknown variable; 'myelin config show' names those that there are"}});
    }
  }
}

/// What one key alone cannot tell.
class Checker {
 public:
  Checker(const ConfigSources& sources, ReadConfig& read) : sources_{sources}, read_{read}, config_{read.config} {}

  void check() {
    check_name("name", config_.node_name(), "node");
    check_name("cluster", config_.cluster, "cluster");
    if (!is_address(config_.listen)) wrong("listen", fmt::format("'{}' is not HOST:PORT", config_.listen));
    if (!config_.advertise.empty() && !is_address(config_.advertise)) {
      wrong("advertise", fmt::format("'{}' is not HOST:PORT", config_.advertise));
    }
    if (config_.advertise.empty() && is_any_address(config_.listen)) {
      wrong("advertise",
            fmt::format("others cannot dial {}, where it is to listen: say at which HOST:PORT they reach it",
                        config_.listen));
    }
    if (is_any_address(config_.advertise)) {
      wrong("advertise", fmt::format("'{}' is no address that others can dial", config_.advertise));
    }
    for (const std::string& seed : config_.seeds) {
      if (!is_address(seed)) wrong("seeds", fmt::format("'{}' is not HOST:PORT", seed));
    }
    if (config_.data.empty()) wrong("data", "a node needs a folder of its own");
    if (config_.insecure && !config_.certs.empty()) {
      wrong("insecure", "with [tls] certs there is TLS: leave one of them out");
    }
    if (config_.log.find('/') != std::string::npos || config_.log.empty() || config_.log == "lock") {
      wrong("log", fmt::format("'{}' is neither 'stderr' nor the name of a file in the data folder", config_.log));
    }
    if (!config_.validator.empty() && config_.committee.empty()) {
      wrong("validator", "a validator needs the committee's file: say [memory] committee too");
    }
    if (!config_.embedded.empty() && !config_.committee.empty()) {
      wrong("embedded", "a memory is either embedded or a committee's: leave one of them out");
    }
    check_agents();
  }

 private:
  void check_name(std::string_view key, const std::string& name, std::string_view what) {
    if (const auto good = network::check_name(what, name); !good) wrong(key, good.error().message);
  }

  void check_agents() {
    std::map<std::string, std::size_t> lines;
    for (const AgentEntry& entry : config_.agents) {
      const std::string where = fmt::format("'{}', line {}", sources_.file.string(), entry.line);
      const std::string& base = entry.name.empty() ? entry.type : entry.name;
      if (const auto good = network::check_name("agent", base); !good) {
        read_.problems.push_back({where, good.error().message});
        continue;
      }
      if (entry.singleton && config_.committee.empty()) {
        read_.problems.push_back(
            {where, fmt::format("'{}' is a singleton, which takes a shared memory to agree on where "
                                "it runs: say [memory] committee",
                                base)});
      }
      for (const std::string& name : entry.names()) {
        const auto [first, is_new] = lines.emplace(name, entry.line);
        if (is_new) continue;
        read_.problems.push_back(
            {where, fmt::format("two agents are called '{}', the first in line {}: give one another name, or one "
                                "[[agent]] a count",
                                name, first->second)});
        break;
      }
    }
  }

  /// Where a key was said last.
  void wrong(std::string_view name, std::string what) {
    const auto key = std::ranges::find(all_keys(), name, &ConfigKey::name);
    std::string where = fmt::format("[{}] {}", key->section, key->name);
    if (const auto line = read_.lines.find(key->flag()); line != read_.lines.end()) {
      where = fmt::format("'{}', line {}", sources_.file.string(), line->second);
    }
    if (sources_.environment != nullptr && sources_.environment->get(key->variable())) where = key->variable();
    if (sources_.flags.contains(key->flag())) where = key->flag();
    read_.problems.push_back({std::move(where), std::move(what)});
  }

  const ConfigSources& sources_;
  ReadConfig& read_;
  const NodeConfig& config_;
};

void wrap_comment(std::string& text, std::string_view comment) {
  constexpr std::size_t kColumns = 100;
  std::string line = "#";
  for (std::size_t at = 0; at < comment.size();) {
    const std::size_t end = std::min(comment.find(' ', at), comment.size());
    const auto word = comment.substr(at, end - at);
    if (line.size() + 1 + word.size() > kColumns) {
      text += line + '\n';
      line = "#";
    }
    line += fmt::format(" {}", word);
    at = end + 1;
  }
  text += line + '\n';
}

}  // namespace

Result<ReadConfig> read_config(const ConfigSources& sources) {
  ReadConfig read;
  if (!sources.file.empty()) {
    if (const auto done = read_file(sources.file, read); !done) return tl::unexpected{done.error()};
  }
  for (const ConfigKey& key : all_keys()) {
    const auto set = [&](const std::string& where, const std::string& text) {
      if (const auto done = set_from_text(read.config, key, text); !done) {
        read.problems.push_back({where, fmt::format("'{}': {}", text, done.error().message)});
      }
    };
    if (sources.environment != nullptr) {
      if (const auto text = sources.environment->get(key.variable())) set(key.variable(), *text);
    }
    if (const auto flag = sources.flags.find(key.flag()); flag != sources.flags.end()) set(flag->first, flag->second);
  }
  if (sources.environment != nullptr) find_unknown_variables(*sources.environment, read);
  Checker{sources, read}.check();
  sort_by_line(read.problems);
  return read;
}

std::string show_config(const NodeConfig& config) {
  std::string text =
      "# A node of Myelin: 'myelin node --config FILE' runs it, 'myelin config check FILE' checks it.\n"
      "# Each key is also an environment variable, and a flag of 'myelin node'; what is said later counts:\n"
      "# file, environment, flag. Paths are meant from where this file is.\n";
  std::string_view section;
  for (const ConfigKey& key : all_keys()) {
    if (key.section != section) {
      section = key.section;
      text += fmt::format("\n# {}\n[{}]\n", section_help(section), section);
    }
    text += '\n';
    wrap_comment(text, key.help);
    std::string wanted = wanted_by(key);
    wanted.front() = static_cast<char>(wanted.front() - 'a' + 'A');
    wrap_comment(text, fmt::format("{}. {}, {}", wanted, key.variable(), key.flag()));
    text += fmt::format("{} = {}\n", key.name, toml_value(config, key));
  }
  text += "\n# Agents that the node starts and publishes: one table each, as many as there are.\n";
  for (const AgentKey& key : agent_keys()) {
    wrap_comment(text, fmt::format("{} = {}: {}", key.name, key.value_name, key.help));
  }
  if (config.agents.empty()) {
    text += "#\n# [[agent]]\n# type = \"greeter\"\n# settings = { greeting = \"Ciao\" }\n";
  }
  for (const AgentEntry& agent : config.agents) {
    text += fmt::format("\n[[agent]]\ntype = {}\nname = {}\ncount = {}\n", toml_text(agent.type),
                        toml_text(agent.name.empty() ? agent.type : agent.name), agent.count);
    text += fmt::format("restart = {}\n", toml_text(agent.restart));
    if (agent.singleton) text += fmt::format("singleton = true\nlease = {}\n", agent.lease);
    if (!agent.settings_toml.empty()) text += agent.settings_toml + '\n';
  }
  return text;
}

}  // namespace myelin::tool
