#include "bench/consensus/recovery.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "bench/consensus/loader.hpp"
#include "bench/report.hpp"
#include "myelin/actors/mesh.hpp"
#include "myelin/memory/memory.hpp"
#include "myelin/validator/group.hpp"
#include "process/temporary_folder.hpp"
#include "terminal/table.hpp"
#include "terminal/units.hpp"

namespace myelin::tool {

namespace {

namespace fs = std::filesystem;
using validator::ValidatorGroup;

constexpr const char* kBarCase = "a validator, 100 k writes";
constexpr const char* kGroupBarCase = "4 validators, 100 k writes";
constexpr int kRoundsMax = 3;
constexpr std::size_t kWritesACall = 100;
constexpr Duration kLook = std::chrono::milliseconds{5};
constexpr Duration kLimit = std::chrono::minutes{5};
/// A validator shows its counts ten times a second: after this they are those of the end.
constexpr Duration kStatusDelay = std::chrono::milliseconds{300};

validator::GroupOptions options_of(const RecoveryCase& recovery, const fs::path& folder) {
  constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();
  return {.validators = recovery.validators,
          .folder = folder,
          .saving = {.payload_bytes_per_save = kNever, .log_bytes_kept = kNever}};
}

/// Makes the logs. Returns the bytes of one.
Result<double> write_logs(const RecoveryCase& recovery, const fs::path& folder, const std::stop_token& stop) {
  Mesh mesh{{.job_threads = validator::limits::kJobsPerValidator * recovery.validators}};
  const auto group = ValidatorGroup::start(mesh, options_of(recovery, folder));
  if (!group) return tl::unexpected{group.error()};
  const Memory memory = Memory::start_session(mesh, group->directory());
  const auto sheet = std::make_shared<LoadSheet>();
  mesh.spawn<Loader>(memory, Load{.transactions_a_call = kWritesACall, .calls_max = recovery.writes / kWritesACall},
                     sheet);
  while (sheet->transactions() < recovery.writes && !stop.stop_requested()) std::this_thread::sleep_for(kLook);
  sheet->close();
  if (auto last = mesh.ask(memory.put("last", "1"), kLimit, stop); !last) return tl::unexpected{last.error()};
  std::this_thread::sleep_for(kStatusDelay);
  return static_cast<double>(group->status(0).log_bytes);
}

/// From then on there is nothing but the logs.
Result<void> remove_states(const RecoveryCase& recovery, const fs::path& folder) {
  for (std::size_t i = 0; i < recovery.validators; ++i) {
    for (const char* name : {"state", "state-lock"}) {
      std::error_code failed;
      fs::remove(folder / fmt::format("validator{}", i) / name, failed);
      if (failed) return fail(Errc::io_error, fmt::format("cannot remove a state: {}", failed.message()));
    }
  }
  return {};
}

std::string seconds_of(double seconds) { return format_duration_ns(seconds * 1e9); }

std::optional<Summary> seconds_of(const std::vector<RecoveryResult>& results, const char* name) {
  const auto found =
      std::ranges::find_if(results, [name](const RecoveryResult& result) { return result.recovery.name == name; });
  if (found == results.end() || !found->complete) return std::nullopt;
  return found->summary(&RecoveryFigures::seconds);
}

}  // namespace

Summary RecoveryResult::summary(double RecoveryFigures::*figure) const {
  std::vector<double> values;
  for (const RecoveryFigures& round : rounds) values.push_back(round.*figure);
  return summarise(values);
}

Result<RecoveryFigures> measure_recovery(const RecoveryCase& recovery, const std::stop_token& stop) {
  const auto made = recovery.folder.empty() ? TemporaryFolder::make("myelin-bench-")
                                            : TemporaryFolder::make_in(recovery.folder, "myelin-bench-");
  if (!made) return tl::unexpected{made.error()};
  const auto log_bytes = write_logs(recovery, made->path(), stop);
  if (!log_bytes) return tl::unexpected{log_bytes.error()};
  if (auto removed = remove_states(recovery, made->path()); !removed) return tl::unexpected{removed.error()};

  Mesh mesh{{.job_threads = validator::limits::kJobsPerValidator * recovery.validators}};
  const TimePoint began = Clock::now();
  const auto group = ValidatorGroup::start(mesh, options_of(recovery, made->path()));
  if (!group) return tl::unexpected{group.error()};
  const Memory memory = Memory::start_session(mesh, group->directory());
  const auto last = mesh.ask(memory.get("last"), kLimit, stop);
  const TimePoint ended = Clock::now();
  if (!last) return tl::unexpected{last.error()};
  if (!*last) return fail(Errc::io_error, "a write that was acknowledged is not there after the recovery");
  return RecoveryFigures{std::chrono::duration<double>(ended - began).count(), *log_bytes};
}

std::vector<RecoveryCase> recovery_cases(bool quick, const fs::path& folder) {
  if (quick) return {{"4 validators, 5 k writes", 4, 5'000, folder}};
  return {{"a validator, 10 k writes", 1, 10'000, folder},
          {kBarCase, 1, 100'000, folder},
          {"a validator, 1 M writes", 1, 1'000'000, folder},
          {"4 validators, 10 k writes", 4, 10'000, folder},
          {kGroupBarCase, 4, 100'000, folder}};
}

Result<std::vector<RecoveryResult>> run_recoveries(const std::vector<RecoveryCase>& cases, Rounds rounds,
                                                   Progress& progress, const std::stop_token& stop) {
  std::vector<RecoveryResult> results;
  for (const RecoveryCase& recovery : cases) results.push_back({recovery});
  const int repetitions = std::min(rounds.repetitions, kRoundsMax);
  for (int round = 0; round < repetitions; ++round) {
    for (RecoveryResult& result : results) {
      if (stop.stop_requested()) return results;
      progress.update(fmt::format("recovery of {}: round {} of {}", result.recovery.name, round + 1, repetitions));
      const auto figures = measure_recovery(result.recovery, stop);
      if (stop.stop_requested()) return results;
      if (!figures) return tl::unexpected{figures.error()};
      result.rounds.push_back(*figures);
      result.complete = round + 1 == repetitions;
    }
  }
  return results;
}

std::vector<Bar> recovery_bars(const std::vector<RecoveryResult>& results) {
  return {{"100 k writes recovered, by one validator", 2, false, seconds_of(results, kBarCase), "s"},
          {"100 k writes recovered, by four on one machine", 2, false, seconds_of(results, kGroupBarCase), "s"}};
}

std::string recovery_table(const std::vector<RecoveryResult>& results) {
  using enum Table::Align;
  Table table{{{"recovery, all replayed", left}, {"a log"}, {"to the first answer"}}};
  for (const RecoveryResult& result : results) {
    if (result.rounds.empty()) continue;
    table.add_row({result.recovery.name, format_summary(result.summary(&RecoveryFigures::log_bytes), format_bytes),
                   format_summary(result.summary(&RecoveryFigures::seconds),
                                  [](double seconds) { return seconds_of(seconds); })});
  }
  return table.to_string();
}

void to_json(nlohmann::json& json, const RecoveryResult& result) {
  json = {{"name", result.recovery.name},
          {"complete", result.complete},
          {"validators", result.recovery.validators},
          {"writes", result.recovery.writes},
          {"figures", nlohmann::json::object()},
          {"rounds", nlohmann::json::array()}};
  for (const RecoveryFigures& figures : result.rounds) {
    json["rounds"].push_back({{"seconds", figures.seconds}, {"log_bytes", figures.log_bytes}});
  }
  if (result.rounds.empty()) return;
  json["figures"] = {{"seconds", result.summary(&RecoveryFigures::seconds)},
                     {"log_bytes", result.summary(&RecoveryFigures::log_bytes)}};
}

}  // namespace myelin::tool
