#include "node/toml_reader.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <sstream>

#include "myelin/base/suggestion.hpp"

namespace myelin::tool {

namespace {

constexpr std::uint64_t kAgentsOfEntryMax = 10'000;
constexpr std::int64_t kLeaseSecondsMax = 86'400;

std::string shown(const toml::node& node) {
  std::ostringstream text;
  node.visit([&text](const auto& concrete) {
    if constexpr (toml::is_value<decltype(concrete)>) {
      text << concrete;
    } else {
      text << (concrete.is_table() ? "a table" : "a list");
    }
  });
  return text.str();
}

std::string hint(const std::string& word, const std::vector<std::string>& known) {
  if (const auto near = nearest(word, known)) return fmt::format("did you mean '{}'?", *near);
  return fmt::format("known: {}", fmt::join(known, ", "));
}

std::vector<std::string> sections() {
  std::vector<std::string> names;
  for (const ConfigKey& key : all_keys()) {
    if (names.empty() || names.back() != key.section) names.emplace_back(key.section);
  }
  names.emplace_back("agent");
  return names;
}

/// For a key that is in no section.
std::string place_of(const std::string& word, const std::vector<std::string>& sections) {
  std::vector<std::string> keys;
  for (const ConfigKey& key : all_keys()) keys.emplace_back(key.name);
  const auto near = nearest(word, keys);
  if (!near) return hint(word, sections);
  const auto found = std::ranges::find(all_keys(), std::string_view{*near}, &ConfigKey::name);
  if (*near == word) return fmt::format("it belongs in [{}]", found->section);
  return fmt::format("did you mean '{}' in [{}]?", *near, found->section);
}

std::string json_of(const toml::table& table) {
  std::ostringstream text;
  // Dates become texts; infinities and what else JSON has not are refused by whoever reads it.
  text << toml::json_formatter{table, toml::format_flags::quote_dates_and_times};
  return text.str();
}

/// "settings = { ... }", on one line.
std::string inline_text(toml::table settings) {
  settings.is_inline(true);
  toml::table line;
  line.insert("settings", std::move(settings));
  std::ostringstream text;
  text << line;
  return text.str();
}

}  // namespace

void TomlReader::problem(const toml::node& node, const std::string& what) {
  into_.problems.push_back({fmt::format("'{}', line {}", file_.string(), node.source().begin.line), what});
}

std::string TomlReader::from_file(const ConfigKey& key, const std::string& path) const {
  if (!key.is_path || path.empty()) return path;
  return (file_.parent_path() / path).lexically_normal().string();
}

void TomlReader::read(const toml::table& table) {
  for (const auto& [key, node] : table) {
    const std::string name{key.str()};
    const auto known = sections();
    if (name == "agent") {
      agents(node);
    } else if (name == "demo") {  // configs/ has such files beside those of nodes
      problem(node, "'demo' is for 'myelin demo digits --config FILE': this is no file for a node");
    } else if (std::ranges::find(known, name) == known.end()) {
      problem(node, fmt::format("unknown {} '{}'; {}", node.is_table() ? "section" : "key", name,
                                node.is_table() ? hint(name, known) : place_of(name, known)));
    } else if (!node.is_table()) {
      problem(node, fmt::format("'{}' is a section: write [{}], and its keys below", name, name));
    } else {
      section(name, *node.as_table());
    }
  }
}

void TomlReader::section(const std::string& name, const toml::table& table) {
  for (const auto& [word, node] : table) {
    const std::string key_name{word.str()};
    const auto found = std::ranges::find_if(
        all_keys(), [&](const ConfigKey& key) { return key.section == name && key.name == key_name; });
    if (found != all_keys().end()) {
      into_.lines[found->flag()] = node.source().begin.line;
      value(*found, node);
      continue;
    }
    std::vector<std::string> here;
    for (const ConfigKey& key : all_keys()) {
      if (key.section == name) here.emplace_back(key.name);
    }
    problem(node, fmt::format("unknown key '{}' in [{}]; {}", key_name, name, hint(key_name, here)));
  }
}

void TomlReader::value(const ConfigKey& key, const toml::node& node) {
  if (std::holds_alternative<ConfigKey::List>(key.member)) return list(key, node);
  Result<void> done = fail(Errc::invalid_argument, fmt::format("expected {}", wanted_by(key)));
  if (const auto* const on = std::get_if<ConfigKey::Switch>(&key.member)) {
    if (const auto given = node.value_exact<bool>()) {
      into_.config.*(*on) = *given;
      return;
    }
  } else if (std::holds_alternative<ConfigKey::Number>(key.member)) {
    const auto given = node.value_exact<std::int64_t>();
    if (given && *given >= 0) done = set_number(into_.config, key, static_cast<std::uint64_t>(*given));
  } else if (const auto given = node.value_exact<std::string>()) {
    done = set_text(into_.config, key, from_file(key, *given));
  }
  if (!done) problem(node, fmt::format("{} = {}: {}", key.name, shown(node), done.error().message));
}

void TomlReader::list(const ConfigKey& key, const toml::node& node) {
  std::vector<std::string> items;
  const toml::array* const given = node.as_array();
  if (given == nullptr) {
    problem(node, fmt::format("{} = {}: expected {}, in brackets", key.name, shown(node), wanted_by(key)));
    return;
  }
  for (const toml::node& item : *given) {
    const auto text = item.value_exact<std::string>();
    if (!text) {
      problem(item, fmt::format("{}: {} is no text in quotes", key.name, shown(item)));
      return;
    }
    items.push_back(from_file(key, *text));
  }
  into_.config.*std::get<ConfigKey::List>(key.member) = std::move(items);
}

void TomlReader::agents(const toml::node& node) {
  const toml::array* const entries = node.as_array();
  if (entries == nullptr) {
    problem(node, "'agent' is a list of tables: write [[agent]], with two brackets, for each");
    return;
  }
  for (const toml::node& entry : *entries) {
    if (entry.is_table()) {
      agent(*entry.as_table());
    } else {
      problem(entry, "'agent' is a list of tables: write [[agent]] for each");
    }
  }
}

void TomlReader::agent(const toml::table& table) {
  AgentEntry entry;
  entry.line = table.source().begin.line;
  std::vector<std::string> known;
  for (const AgentKey& key : agent_keys()) known.emplace_back(key.name);
  for (const auto& [word, node] : table) {
    const std::string name{word.str()};
    if (std::ranges::find(known, name) == known.end()) {
      problem(node, fmt::format("unknown key '{}' in [[agent]]; {}", name, hint(name, known)));
    } else {
      agent_value(entry, name, node);
    }
  }
  if (!table.contains("type")) {
    problem(table, "[[agent]] without a type: say which agents to start");
    return;
  }
  into_.config.agents.push_back(std::move(entry));
}

void TomlReader::agent_value(AgentEntry& entry, const std::string& name, const toml::node& node) {
  const auto wrong = [&](std::string_view wanted) {
    problem(node, fmt::format("{} = {}: expected {}", name, shown(node), wanted));
  };
  if (name == "settings") {
    if (!node.is_table()) return wrong("a table: settings = { key = value }");
    entry.settings = json_of(*node.as_table());
    entry.settings_toml = inline_text(*node.as_table());
  } else if (name == "count") {
    const auto given = node.value_exact<std::int64_t>();
    if (!given || *given < 1 || static_cast<std::uint64_t>(*given) > kAgentsOfEntryMax) {
      return wrong(fmt::format("a whole number from 1 to {}", kAgentsOfEntryMax));
    }
    entry.count = static_cast<std::uint64_t>(*given);
  } else if (name == "singleton") {
    const auto given = node.value_exact<bool>();
    if (!given) return wrong("true or false");
    entry.singleton = *given;
  } else if (name == "lease") {
    const auto given = node.value_exact<std::int64_t>();
    if (!given || *given < 1 || *given > kLeaseSecondsMax) {
      return wrong(fmt::format("a whole number of seconds from 1 to {}", kLeaseSecondsMax));
    }
    entry.lease = static_cast<std::uint64_t>(*given);
  } else {
    const auto given = node.value_exact<std::string>();
    if (!given || given->empty()) return wrong("a text in quotes");
    if (name == "restart" && *given != "on-failure" && *given != "always" && *given != "never") {
      return wrong("one of: on-failure always never");
    }
    (name == "type" ? entry.type : name == "name" ? entry.name : entry.restart) = *given;
  }
}

}  // namespace myelin::tool
