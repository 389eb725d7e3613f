#include "bench/consensus/load_cases.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "bench/report.hpp"
#include "terminal/table.hpp"
#include "terminal/units.hpp"

namespace myelin::tool {

namespace {

// What bars look at, by name.
constexpr const char* kMain = "4 validators, 512 B, log synced";
constexpr const char* kCrashed = "4 validators, one crashed, 512 B, log synced";
constexpr const char* kOneAtATime = "4 validators, 512 B, log synced, one a batch";
constexpr const char* kProcesses = "4 processes, 512 B, log synced";
constexpr const char* kProcessesCrashed = "4 processes, one crashed, 512 B, log synced";

/// Transactions a second that the sweep offers where the bars on latency are looked at.
constexpr double kBarRate = 60'000;
constexpr double kProcessesBarRate = 40'000;
/// What a group is to bear with one crashed, of what it bears with none.
constexpr double kCrashedShare = 0.7;

struct Figure {
  const char* name;
  double LoadFigures::*member;
};
constexpr std::array kFigures{
    Figure{"transactions_a_second", &LoadFigures::transactions_a_second},
    Figure{"p50_ns", &LoadFigures::p50_ns},
    Figure{"p99_ns", &LoadFigures::p99_ns},
    Figure{"failed_share", &LoadFigures::failed_share},
    Figure{"cores", &LoadFigures::cores},
    Figure{"cpu_ns", &LoadFigures::cpu_ns},
    Figure{"log_bytes", &LoadFigures::log_bytes},
    Figure{"signatures", &LoadFigures::signatures},
    Figure{"signatures_a_call", &LoadFigures::signatures_a_call},
    Figure{"transactions_a_sync", &LoadFigures::transactions_a_sync},
    Figure{"disk_bytes", &LoadFigures::disk_bytes},
    Figure{"wire_bytes", &LoadFigures::wire_bytes},
};

std::string sweep_name(const GroupSetup& setup, double offered) {
  return fmt::format("{} {}{}{}, {}: {:.0f} k/s", setup.validators,
                     setup.hosting == Hosting::one_process ? "validators" : "processes",
                     setup.hosting == Hosting::insecure_processes ? ", no TLS" : "",
                     setup.crashed > 0 ? ", one crashed" : "", to_string(setup.kept), offered / 1000);
}

std::string thousands(double value) { return fmt::format("{:.1f} k", value / 1000); }

const LoadResult* find(const std::vector<LoadResult>& results, const std::string& name) {
  const auto found =
      std::ranges::find_if(results, [&](const LoadResult& result) { return result.load_case.name == name; });
  return found == results.end() || !found->complete ? nullptr : &*found;
}

std::optional<Summary> measured(const LoadResult* result, double LoadFigures::*figure, double unit) {
  if (result == nullptr) return std::nullopt;
  const Summary summary = result->summary(figure);
  return Summary{summary.median / unit, summary.min / unit, summary.max / unit};
}

/// How many times `to`'s throughput `of`'s is, by round.
std::optional<Summary> throughput_ratio(const LoadResult* of, const LoadResult* to) {
  if (of == nullptr || to == nullptr || of->rounds.size() != to->rounds.size()) return std::nullopt;
  std::vector<double> ratios;
  for (std::size_t i = 0; i < of->rounds.size(); ++i) {
    if (to->rounds[i].transactions_a_second <= 0) return std::nullopt;
    ratios.push_back(of->rounds[i].transactions_a_second / to->rounds[i].transactions_a_second);
  }
  return summarise(ratios);
}

/// A row for each result that has figures.
template <class Cells>
std::string table_of(std::vector<Table::Column> columns, const std::vector<LoadResult>& results, const Cells& cells) {
  Table table{std::move(columns)};
  for (const LoadResult& result : results) {
    if (!result.rounds.empty()) table.add_row(cells(result));
  }
  return table.to_string();
}

std::string format(const LoadResult& result, double LoadFigures::*figure,
                   const std::function<std::string(double)>& how) {
  return format_summary(result.summary(figure), how);
}

}  // namespace

Summary LoadResult::summary(double LoadFigures::*figure) const {
  std::vector<double> values;
  for (const LoadFigures& round : rounds) values.push_back(round.*figure);
  return summarise(values);
}

std::vector<LoadCase> saturation_cases(bool quick, const std::filesystem::path& folder) {
  const auto setup = [&](std::size_t validators, Kept kept) {
    return GroupSetup{.validators = validators, .kept = kept, .folder = folder};
  };
  const GroupSetup processes{.hosting = Hosting::processes, .folder = folder};
  std::vector<LoadCase> cases{{"4 validators, 512 B, in memory", setup(4, Kept::nothing), {}},
                              {kMain, setup(4, Kept::synced), {}},
                              {kProcesses, processes, {}}};
  if (quick) return cases;
  GroupSetup insecure = processes;
  insecure.hosting = Hosting::insecure_processes;
  cases.push_back({"4 processes, no TLS, 512 B, log synced", insecure, {}});
  GroupSetup killed = processes;
  killed.crashed = 1;
  cases.push_back({kProcessesCrashed, killed, {}});
  GroupSetup forged = processes;
  forged.has_forger = true;
  cases.push_back({"4 processes, one forges, 512 B, log synced", forged, {}});
  cases.push_back({"4 processes, 128 B, log synced", processes, {.transaction_bytes = 128}});
  cases.push_back({"4 validators, 512 B, log unsynced", setup(4, Kept::unsynced), {}});
  cases.push_back({"4 validators, 128 B, log synced", setup(4, Kept::synced), {.transaction_bytes = 128}});
  GroupSetup crashed = setup(4, Kept::synced);
  crashed.crashed = 1;
  cases.push_back({kCrashed, crashed, {}});
  cases.push_back({"1 validator, 512 B, log synced", setup(1, Kept::synced), {}});
  cases.push_back({"1 validator, 512 B, in memory", setup(1, Kept::nothing), {}});
  cases.push_back({"4 validators, 512 B, log synced, one a call", setup(4, Kept::synced), {.transactions_a_call = 1}});
  GroupSetup single = setup(4, Kept::synced);
  single.gathered_max = 1;
  cases.push_back({kOneAtATime, single, {.transactions_a_call = 1}});
  return cases;
}

std::vector<LoadCase> sweep_cases(bool quick, const std::filesystem::path& folder) {
  std::vector<LoadCase> cases;
  const auto add = [&](Kept kept, std::size_t crashed, double offered, Hosting hosting = Hosting::one_process) {
    const GroupSetup setup{.validators = 4, .hosting = hosting, .kept = kept, .crashed = crashed, .folder = folder};
    cases.push_back({sweep_name(setup, offered), setup, {.calls_open = 0, .offered = offered}});
  };
  if (quick) {
    add(Kept::synced, 0, 5'000);
    return cases;
  }
  for (const double offered : {5'000.0, 20'000.0, 40'000.0, kBarRate, 80'000.0, 100'000.0})
    add(Kept::synced, 0, offered);
  for (const double offered : {20'000.0, kBarRate, 100'000.0}) add(Kept::nothing, 0, offered);
  for (const double offered : {20'000.0, kCrashedShare * kBarRate}) add(Kept::synced, 1, offered);
  for (const double offered : {5'000.0, 20'000.0, kProcessesBarRate, 60'000.0}) {
    add(Kept::synced, 0, offered, Hosting::processes);
  }
  for (const double offered : {20'000.0, kProcessesBarRate}) add(Kept::synced, 0, offered, Hosting::insecure_processes);
  add(Kept::synced, 1, kCrashedShare * kProcessesBarRate, Hosting::processes);
  return cases;
}

Result<std::vector<LoadResult>> run_cases(const std::vector<LoadCase>& cases, Rounds rounds, const LoadTimes& times,
                                          Progress& progress, const std::stop_token& stop) {
  std::vector<LoadResult> results;
  for (const LoadCase& load_case : cases) results.push_back({load_case});
  // Nothing warms up over rounds here: each group is new, and warms up by itself.
  for (int round = 0; round < rounds.repetitions; ++round) {
    for (std::size_t turn = 0; turn < cases.size(); ++turn) {
      if (stop.stop_requested()) return results;
      LoadResult& result = results[(turn + static_cast<std::size_t>(round)) % cases.size()];
      progress.update(fmt::format("{}: round {} of {}", result.load_case.name, round + 1, rounds.repetitions));
      const auto figures = measure_load(result.load_case.setup, result.load_case.load, times, stop);
      if (stop.stop_requested()) return results;
      if (!figures) return tl::unexpected{figures.error()};
      result.rounds.push_back(*figures);
      result.complete = round + 1 == rounds.repetitions;
    }
  }
  return results;
}

std::vector<Bar> load_bars(const std::vector<LoadResult>& saturation, const std::vector<LoadResult>& sweep) {
  constexpr double kMillisecond = 1e6;
  const auto latency = [&](Hosting hosting, std::size_t crashed, double offered, double LoadFigures::*figure) {
    const GroupSetup setup{.hosting = hosting, .crashed = crashed};
    return measured(find(sweep, sweep_name(setup, offered)), figure, kMillisecond);
  };
  using enum Hosting;
  const LoadResult* const main = find(saturation, kMain);
  const LoadResult* const in_processes = find(saturation, kProcesses);
  const auto p50 = &LoadFigures::p50_ns;
  const auto p99 = &LoadFigures::p99_ns;
  return {
      {"512 B transactions, log synced, as many as go", kBarRate / 1000, true,
       measured(main, &LoadFigures::transactions_a_second, 1000), "k/s"},
      {"p50 with 60 k/s offered", 5, false, latency(one_process, 0, kBarRate, p50), "ms"},
      {"p99 with 60 k/s offered", 15, false, latency(one_process, 0, kBarRate, p99), "ms"},
      {"one crashed, to none", kCrashedShare, true, throughput_ratio(find(saturation, kCrashed), main)},
      {"p99 with one crashed and 42 k/s offered", 30, false, latency(one_process, 1, kCrashedShare * kBarRate, p99),
       "ms"},
      {"batches of 100, to one transaction a batch", 5, true, throughput_ratio(main, find(saturation, kOneAtATime))},
      {"four processes, as many as go", kProcessesBarRate / 1000, true,
       measured(in_processes, &LoadFigures::transactions_a_second, 1000), "k/s"},
      {"four processes, p50 with 40 k/s offered", 6, false, latency(processes, 0, kProcessesBarRate, p50), "ms"},
      {"four processes, p99 with 40 k/s offered", 20, false, latency(processes, 0, kProcessesBarRate, p99), "ms"},
      {"four processes, one crashed, to none", kCrashedShare, true,
       throughput_ratio(find(saturation, kProcessesCrashed), in_processes)},
      {"four processes, p99 with one crashed and 28 k/s offered", 30, false,
       latency(processes, 1, kCrashedShare * kProcessesBarRate, p99), "ms"}};
}

std::string saturation_table(const std::vector<LoadResult>& results) {
  using enum Table::Align;
  return table_of(
      {{"as many as go, 16 calls open", left}, {"a call"}, {"transactions/s"}, {"p50"}, {"p99"}, {"failed"}}, results,
      [](const LoadResult& result) {
        return std::vector<std::string>{result.load_case.name,
                                        fmt::format("{}", result.load_case.load.transactions_a_call),
                                        format(result, &LoadFigures::transactions_a_second, thousands),
                                        format(result, &LoadFigures::p50_ns, format_duration_ns),
                                        format(result, &LoadFigures::p99_ns, format_duration_ns),
                                        format_percent(result.summary(&LoadFigures::failed_share).median)};
      });
}

std::string cost_table(const std::vector<LoadResult>& results) {
  using enum Table::Align;
  const auto one_digit = [](double value) { return fmt::format("{:.1f}", value); };
  return table_of({{"what a transaction costs", left},
                   {"cores busy"},
                   {"processor"},
                   {"to disks, all"},
                   {"loopback"},
                   {"left in a log"},
                   {"signatures, all"},
                   {"checked at once"},
                   {"a sync"}},
                  results, [&](const LoadResult& result) {
                    return std::vector<std::string>{
                        result.load_case.name,
                        format(result, &LoadFigures::cores, two_digits),
                        format(result, &LoadFigures::cpu_ns, format_duration_ns),
                        format(result, &LoadFigures::disk_bytes, format_bytes),
                        format(result, &LoadFigures::wire_bytes, format_bytes),
                        format(result, &LoadFigures::log_bytes, format_bytes),
                        fmt::format("{:.4f}", result.summary(&LoadFigures::signatures).median),
                        format(result, &LoadFigures::signatures_a_call, one_digit),
                        format(result, &LoadFigures::transactions_a_sync, one_digit)};
                  });
}

std::string sweep_table(const std::vector<LoadResult>& results) {
  using enum Table::Align;
  return table_of(
      {{"512 B, calls of 100, at an offered load", left}, {"answered/s"}, {"p50"}, {"p99"}, {"failed"}, {"cores busy"}},
      results, [](const LoadResult& result) {
        return std::vector<std::string>{result.load_case.name,
                                        format(result, &LoadFigures::transactions_a_second, thousands),
                                        format(result, &LoadFigures::p50_ns, format_duration_ns),
                                        format(result, &LoadFigures::p99_ns, format_duration_ns),
                                        format_percent(result.summary(&LoadFigures::failed_share).median),
                                        format(result, &LoadFigures::cores, two_digits)};
      });
}

void to_json(nlohmann::json& json, const LoadResult& result) {
  const GroupSetup& setup = result.load_case.setup;
  const Load& load = result.load_case.load;
  json = {{"name", result.load_case.name},
          {"complete", result.complete},
          {"setup",
           {{"validators", setup.validators},
            {"hosting", to_string(setup.hosting)},
            {"has_forger", setup.has_forger},
            {"kept", to_string(setup.kept)},
            {"crashed", setup.crashed},
            {"gathered_max", setup.gathered_max}}},
          {"load",
           {{"transaction_bytes", load.transaction_bytes},
            {"transactions_a_call", load.transactions_a_call},
            {"calls_open", load.calls_open},
            {"offered_a_second", load.offered}}},
          {"figures", nlohmann::json::object()},
          {"rounds", nlohmann::json::array()}};
  for (const LoadFigures& figures : result.rounds) {
    nlohmann::json round;
    for (const Figure& figure : kFigures) round[figure.name] = figures.*figure.member;
    json["rounds"].push_back(std::move(round));
  }
  if (result.rounds.empty()) return;
  for (const Figure& figure : kFigures) json["figures"][figure.name] = result.summary(figure.member);
}

}  // namespace myelin::tool
