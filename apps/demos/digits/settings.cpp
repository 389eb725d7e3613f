#include "demos/digits/settings.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <sstream>
#include <vector>

#include "myelin/base/suggestion.hpp"
#include "myelin/kernels/backend.hpp"

namespace myelin::digits {

namespace {

constexpr std::string_view kDemo = "demo.digits";
constexpr std::string_view kMesh = "mesh";
/// TOML's integers are signed.
constexpr std::uint64_t kLargest = (std::uint64_t{1} << 63) - 1;

constexpr std::array kSettings{
    Setting{kDemo, "agents", &Settings::agents, 1, 1'000'000, "N", "Agents that own held-out images and ask"},
    Setting{kDemo, "requests", &Settings::requests, 1, 10'000'000, "N",
            "Questions with batching on, and again with it off; at least one a held-out image"},
    Setting{kDemo, "in-flight", &Settings::in_flight, 1, 1024, "N", "Questions that an agent has open at once"},
    Setting{kDemo, "max-batch", &Settings::max_batch, 1, 65'536, "N", "Most requests in one kernel call"},
    Setting{kDemo, "backend", &Settings::backend, 0, 0, "NAME", "Where kernels run: auto, scalar, simd or opencl"},
    Setting{kMesh, "workers", &Settings::workers, 0, 1024, "N", "Threads that run agents; 0 is one a processor"},
    Setting{kDemo, "data", &Settings::data, 0, 0, "FILE", "The digits; default: what scripts/fetch-digits cached"},
    Setting{kDemo, "model", &Settings::model, 0, 0, "FILE", "Take this network instead of training one"},
    Setting{kDemo, "save-model", &Settings::save_model, 0, 0, "FILE", "Keep the network"},
    Setting{kDemo, "memory", &Settings::memory, 0, 0, "DIR",
            "Keep the results in the shared memory there; default: in one that ends with the demo"},
    Setting{kDemo, "epochs", &Settings::epochs, 1, 100'000, "N", "Passes over the training images, at most"},
    Setting{kDemo, "seed", &Settings::seed, 0, kLargest, "N", "Decides the network's start and the order of images"},
};

/// ", line 3", or nothing where TOML does not say.
std::string position(const toml::node& node) {
  const auto line = node.source().begin.line;
  return line == 0 ? std::string{} : fmt::format(", line {}", line);
}

class Reader {
 public:
  Reader(const std::filesystem::path& file, Settings& settings) : file_{file}, settings_{settings} {}

  /// Reads a table and those in it. `section` is empty at the top.
  Result<void> table(const toml::table& table, const std::string& section) {
    for (const auto& [key, node] : table) {
      const std::string name{key.str()};
      const std::string path = section.empty() ? name : section + '.' + name;
      if (node.is_table() && is_section_or_above(path)) {
        if (const auto done = this->table(*node.as_table(), path); !done) return done;
      } else if (const auto done = value(node, section, name); !done) {
        return done;
      }
    }
    return {};
  }

 private:
  static bool is_section_or_above(std::string_view path) {
    return std::ranges::any_of(kSettings, [path](const Setting& setting) {
      return setting.section == path || (setting.section.starts_with(path) && setting.section[path.size()] == '.');
    });
  }

  Result<void> value(const toml::node& node, const std::string& section, const std::string& name) {
    const auto found = std::ranges::find_if(
        kSettings, [&](const Setting& setting) { return setting.section == section && setting.name == name; });
    if (found == kSettings.end()) return unknown(node, section, name);
    if (const auto* text = std::get_if<Setting::Text>(&found->member)) {
      const auto given = node.value_exact<std::string>();
      if (!given) return wrong(node, name, "expected a text in quotes");
      if (name == "backend") {
        if (const auto known = check_backend_name(*given); !known) return wrong(node, name, known.error().message);
      }
      settings_.*(*text) = *given;
      return {};
    }
    const auto given = node.value_exact<std::int64_t>();
    const bool fits = given && *given >= 0 && static_cast<std::uint64_t>(*given) >= found->min &&
                      static_cast<std::uint64_t>(*given) <= found->max;
    if (!fits) return wrong(node, name, fmt::format("expected a whole number from {} to {}", found->min, found->max));
    settings_.*std::get<Setting::Number>(found->member) = static_cast<std::uint64_t>(*given);
    return {};
  }

  Result<void> unknown(const toml::node& node, const std::string& section, const std::string& name) const {
    std::vector<std::string> here;
    for (const Setting& setting : kSettings) {
      if (setting.section == section) here.emplace_back(setting.name);
    }
    std::string hint = here.empty() ? "known sections: [demo.digits], [mesh]" : fmt::format("known: {}", joined(here));
    if (const auto near = nearest(name, here)) hint = fmt::format("did you mean '{}'?", *near);
    const std::string where = section.empty() ? "at the top" : fmt::format("in [{}]", section);
    return fail(Errc::invalid_argument,
                fmt::format("'{}'{}: unknown key '{}' {}; {}", file_.string(), position(node), name, where, hint));
  }

  Result<void> wrong(const toml::node& node, const std::string& name, std::string_view problem) const {
    std::ostringstream given;
    node.visit([&given](const auto& concrete) {
      if constexpr (toml::is_value<decltype(concrete)>)
        given << concrete;
      else
        given << "a table or list";
    });
    return fail(Errc::invalid_argument,
                fmt::format("'{}'{}: {} = {}: {}", file_.string(), position(node), name, given.str(), problem));
  }

  static std::string joined(const std::vector<std::string>& words) { return fmt::format("{}", fmt::join(words, ", ")); }

  const std::filesystem::path& file_;
  Settings& settings_;
};

}  // namespace

std::span<const Setting> all_settings() { return kSettings; }

Result<void> check_backend_name(std::string_view name) {
  const auto kind = kernels::parse_backend(name);
  if (!kind) return tl::unexpected{kind.error()};
  return {};
}

Result<Settings> read_settings(const std::filesystem::path& file, Settings settings) {
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) {
    return fail(Errc::not_found,
                fmt::format("no settings at '{}'; configs/demo_digits.toml is an example", file.string()));
  }
  if (!std::filesystem::is_regular_file(file, ignored)) {
    return fail(Errc::io_error,
                fmt::format("'{}' is not a file; configs/demo_digits.toml is an example", file.string()));
  }
  try {
    const toml::table table = toml::parse_file(file.string());
    if (const auto done = Reader{file, settings}.table(table, {}); !done) return tl::unexpected{done.error()};
  } catch (const toml::parse_error& error) {
    return fail(Errc::invalid_argument,
                fmt::format("'{}', line {}: {}", file.string(), error.source().begin.line, error.description()));
  }
  return settings;
}

}  // namespace myelin::digits
