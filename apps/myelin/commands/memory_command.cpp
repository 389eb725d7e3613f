#include "commands/memory_command.hpp"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Validators.hpp>
#include <chrono>
#include <map>

#include "memory/connected_memory.hpp"
#include "memory/embedded_memory.hpp"
#include "myelin/consensus/execution_limits.hpp"
#include "terminal/progress.hpp"

namespace myelin::tool {

namespace limits = consensus::limits;

void MemoryCommand::declare(CLI::App& app) {
  constexpr double kSecondsMin = 0.1;
  constexpr double kSecondsMax = 3600;
  declare_own(app);
  auto* const directory = app.add_option("--dir", directory_, "Where the memory's files are, for this process alone")
                              ->type_name("DIR")
                              ->capture_default_str();
  app.add_option("--committee", committee_, "Or the file that names its validators, which run elsewhere")
      ->type_name("FILE")
      ->excludes(directory);
  flags_.declare(app);
  app.add_option("--space", space_, "Keys are those of this space: \"NAME/\" goes before each")->type_name("NAME");
  app.add_option("--timeout", seconds_, "Seconds to wait for an answer")
      ->check(CLI::Range(kSecondsMin, kSecondsMax).description(""))
      ->type_name("S")
      ->capture_default_str();
}

Result<void> MemoryCommand::check_key(std::string_view key) const {
  if (key.empty()) return fail(Errc::invalid_argument, "a key of no bytes; name one");
  const std::size_t bytes = key.size() + (space_.empty() ? 0 : space_.size() + 1);
  if (bytes <= limits::kKeyBytesMax) return {};
  return fail(Errc::invalid_argument, fmt::format("the key '{}...' has {} bytes, its space included; the most are {}",
                                                  key.substr(0, 32), bytes, limits::kKeyBytesMax));
}

Result<void> MemoryCommand::check_value(std::string_view name, std::string_view value) {
  if (value.size() <= limits::kValueBytesMax) return {};
  return fail(Errc::invalid_argument, fmt::format("{} has {} bytes; a value has {} at most: put it under several keys",
                                                  name, value.size(), limits::kValueBytesMax));
}

Memory MemoryCommand::space_of(const Memory& memory) const { return space_.empty() ? memory : memory.space(space_); }

void MemoryCommand::declare_time_to_live(CLI::App& app) {
  constexpr double kMinute = 60, kHour = 60 * kMinute, kDay = 24 * kHour, kYear = 365 * kDay;
  app.add_option("--ttl", seconds_to_live_, "How long the key holds it, e.g. 500ms, 30s, 5m, 2h or 7d")
      ->transform(
          CLI::AsNumberWithUnit(
              std::map<std::string, double>{{"ms", 0.001}, {"s", 1.0}, {"m", kMinute}, {"h", kHour}, {"d", kDay}},
              CLI::AsNumberWithUnit::CASE_SENSITIVE, "")
              .description(""))
      ->check(CLI::Range(0.001, 10 * kYear).description(""))
      ->type_name("TIME");
}

PutOptions MemoryCommand::put_options() const {
  if (!seconds_to_live_) return {};
  return {.time_to_live = std::chrono::duration_cast<Duration>(std::chrono::duration<double>{*seconds_to_live_})};
}

Result<void> MemoryCommand::run(Session& session) {
  if (const auto prepared = prepare(session); !prepared) return prepared;
  const auto limit = std::chrono::duration_cast<Duration>(std::chrono::duration<double>{seconds_});
  if (committee_.empty() && needs_others()) {
    return fail(Errc::invalid_argument,
                "a directory is open in one process at a time, and nobody else changes what is "
                "in it; name running validators with --committee");
  }
  return committee_.empty() ? run_embedded(session, limit) : run_connected(session, limit);
}

Result<void> MemoryCommand::run_embedded(Session& session, Duration limit) {
  const auto if_missing = makes_memory() ? EmbeddedMemory::IfMissing::make : EmbeddedMemory::IfMissing::fail;
  auto embedded = EmbeddedMemory::open(directory_, if_missing);
  if (!embedded) return tl::unexpected{embedded.error()};
  if ((*embedded)->is_new() && !session.quiet) {
    fmt::print(session.terminal.err, "myelin: made a shared memory of one validator in '{}'\n", directory_);
  }
  return run_on({session, (*embedded)->mesh(), space_of((*embedded)->memory()), limit});
}

Result<void> MemoryCommand::run_connected(Session& session, Duration limit) {
  const auto connected = ConnectedMemory::connect(committee_, flags_, limit, session.stop);
  if (!connected) return tl::unexpected{connected.error()};
  return run_on({session, (*connected)->mesh(), space_of((*connected)->memory()), limit});
}

}  // namespace myelin::tool
