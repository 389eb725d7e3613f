#include "commands/bench_consensus.hpp"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Validators.hpp>
#include <algorithm>
#include <chrono>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <stop_token>

#include "bench/consensus/core_rounds.hpp"
#include "bench/consensus/execution.hpp"
#include "bench/consensus/load_cases.hpp"
#include "bench/consensus/recovery.hpp"
#include "terminal/table.hpp"

namespace myelin::tool {

namespace {

using Comparisons = std::vector<Comparison>;

/// With --quick.
constexpr LoadTimes kQuickTimes{.warm_up = std::chrono::milliseconds{100}, .measured = std::chrono::milliseconds{300}};

std::string thousands(double value) { return fmt::format("{:.0f} k", value / 1000); }

bool has_figures(const Comparison& comparison) { return !comparison.series.front().values.empty(); }

std::string executors_text(const Comparisons& comparisons) {
  using enum Table::Align;
  if (comparisons.empty()) return {};
  std::vector<Table::Column> columns{{"executors", left}, {"sequential tx/s"}};
  for (const Series& series : comparisons.front().series) {
    if (series.name != kSequentialVariant) columns.push_back({series.name});
  }
  Table table{std::move(columns)};
  for (const Comparison& comparison : comparisons) {
    if (!has_figures(comparison)) continue;
    std::vector<std::string> cells{comparison.name, format_summary(comparison.series.front().summary, thousands)};
    for (const Summary& ratio : comparison.ratios) cells.push_back(format_summary(ratio, two_digits));
    table.add_row(std::move(cells));
  }
  return table.to_string() +
         "Each executor: how many times as many transactions a second as sequential, by round; above 1 is faster.\n";
}

std::string figures_text(const std::string& heading, const Comparisons& comparisons) {
  using enum Table::Align;
  Table table{{{heading, left}, {"median (range)"}}};
  for (const Comparison& comparison : comparisons) {
    for (const Series& series : comparison.series) {
      if (series.values.empty()) continue;
      const auto format = [&](double value) {
        const bool is_rate = comparison.unit.ends_with("/s");
        return is_rate ? thousands(value) + "/s" : format_figure(comparison.unit, value);
      };
      const std::string name = comparison.series.size() > 1 ? comparison.name + ", " + series.name : comparison.name;
      table.add_row({name, format_summary(series.summary, format)});
    }
  }
  return table.to_string();
}

template <class NamedCase>
std::vector<NamedCase> wanted(std::vector<NamedCase> cases, std::string_view name) {
  std::erase_if(cases, [name](const NamedCase& each) { return each.name.find(name) == std::string::npos; });
  return cases;
}

/// What a vertex costs a core with so many rounds behind it.
Variant vertex_cost(consensus::Round behind, const std::stop_token& stop) {
  constexpr consensus::Round kRoundsAtOnce = 1000;
  const auto core = std::make_shared<CoreRounds>(4);
  const auto done = std::make_shared<consensus::Round>(0);
  return {fmt::format("{} k rounds", behind / 1000), [=] {
            for (; *done < behind && !stop.stop_requested(); *done += kRoundsAtOnce) core->run(kRoundsAtOnce);
            const CoreRounds::Spent spent = core->run(5 * kRoundsAtOnce);
            return (spent.reading + spent.stepping) * 1e9 / static_cast<double>(spent.vertices);
          }};
}

/// Vertices a second through a core, with stub signatures, and what the commit rule takes of it.
std::vector<Case> core_cases(bool quick, const std::stop_token& stop) {
  std::vector<Case> cases;
  const std::vector<std::size_t> sizes = quick ? std::vector<std::size_t>{4} : std::vector<std::size_t>{4, 7, 16, 64};
  for (const std::size_t validators : sizes) {
    const std::uint64_t vertices = quick ? 2000 : 20'000;
    const std::uint64_t rounds = vertices / validators;
    const auto core = std::make_shared<CoreRounds>(validators);
    cases.push_back({fmt::format("{} validators: through the core", validators),
                     "vertices/s",
                     {{"core", [=] {
                         const CoreRounds::Spent spent = core->run(rounds);
                         return static_cast<double>(spent.vertices) / (spent.reading + spent.stepping);
                       }}}});
    cases.push_back({fmt::format("{} validators: commit rule a vertex", validators),
                     "ns",
                     {{"commit rule", [=] { return commit_rule_seconds(validators, rounds) * 1e9; }}}});
    cases.push_back({fmt::format("{} validators: memory a round held", validators),
                     "B",
                     {{"core", [=] { return bytes_per_round_held(validators); }}}});
  }
  cases.push_back(
      {"4 validators: a vertex after", "ns", {vertex_cost(1000, stop), vertex_cost(quick ? 10'000 : 1'000'000, stop)}});
  return cases;
}

}  // namespace

void BenchConsensus::declare(CLI::App& app) {
  options_.declare(app);
  auto* const core =
      app.add_flag("--core", is_core_, "The pure parts instead: core, executors, digests, signatures; no disk");
  app.add_option("--folder", folder_, "Where validators keep their logs meanwhile; default: with temporary files")
      ->type_name("DIR")
      ->check(CLI::ExistingDirectory.description(""))
      ->excludes(core);
  app.add_option("--only", only_, "The cases of a group whose names hold this text; no others")
      ->type_name("TEXT")
      ->excludes(core);
  app.footer(
      "Latencies are from a client's call to f + 1 equal answers: executed and, with the log synced, on disk. A disk "
      "in\n"
      "memory (tmpfs) syncs for nothing: name a folder on the one that counts.\n\n"
      "Four processes are 'myelin validator run' of this same program, on ports of this machine, with certificates\n"
      "made for the run. 'loopback' counts what all of the machine sends itself meanwhile.\n\n"
      "Examples:\n"
      "  myelin bench consensus                       # a group under load, half an hour\n"
      "  myelin bench consensus --quick --folder .    # does it work here?\n"
      "  myelin bench consensus --repetitions 3 --json > consensus.json\n"
      "  myelin bench consensus --only '60 k/s' --repetitions 1\n"
      "  myelin bench consensus --only processes --repetitions 3\n"
      "  myelin bench consensus --core                # the pure parts, some minutes\n\n"
      "Two threads need two cores that nobody else uses.");
}

Result<void> BenchConsensus::run(Session& session) {
  if (auto can = options_.check(); !can) return can;
  return is_core_ ? run_core(session) : run_group(session);
}

Result<void> BenchConsensus::run_group(Session& session) {
  const Machine machine = introduce(session, path());
  Progress progress{session.terminal, session.quiet};
  const LoadTimes times = options_.quick ? kQuickTimes : LoadTimes{};
  std::vector<LoadCase> saturating = wanted(saturation_cases(options_.quick, folder_), only_);
  std::vector<LoadCase> offering = wanted(sweep_cases(options_.quick, folder_), only_);
  const std::vector<RecoveryCase> recovering = wanted(recovery_cases(options_.quick, folder_), only_);
  if (saturating.empty() && offering.empty() && recovering.empty()) {
    return fail(Errc::invalid_argument, fmt::format("no case's name holds '{}'; without --only all are shown", only_));
  }
  auto saturation = run_cases(saturating, options_.rounds(), times, progress, session.stop);
  if (!saturation) return tl::unexpected{saturation.error()};
  auto sweep = run_cases(offering, options_.rounds(), times, progress, session.stop);
  if (!sweep) return tl::unexpected{sweep.error()};
  const auto recoveries = run_recoveries(recovering, options_.rounds(), progress, session.stop);
  if (!recoveries) return tl::unexpected{recoveries.error()};
  Comparisons executor;
  if (!session.stop.stop_requested() && only_.empty()) {
    std::vector<Case> bare;
    for (const std::size_t bytes : {std::size_t{128}, std::size_t{512}}) {
      bare.push_back({fmt::format("the executor alone, {} B", bytes),
                      "tx/s",
                      {{"sequential", [=] { return bare_executor_rate(bytes, times.measured); }}}});
    }
    executor = compare_together(bare, options_.rounds(), progress, session.stop);
  }
  progress.clear();

  std::vector<Bar> bars = load_bars(*saturation, *sweep);
  std::ranges::move(recovery_bars(*recoveries), std::back_inserter(bars));
  nlohmann::json document = envelope(path(), machine, options_, !session.stop.stop_requested());
  document["results"] = {
      {"saturation", *saturation}, {"sweep", *sweep}, {"recovery", *recoveries}, {"executor", executor}};
  document["bars"] = bars;
  const std::string text = saturation_table(*saturation) + "\n" + cost_table(*saturation) + "\n" + sweep_table(*sweep) +
                           "\n" + recovery_table(*recoveries) + "\n" + figures_text("for scale", executor) + "\n" +
                           bar_table(bars);
  return publish(session, options_, document, text);
}

Result<void> BenchConsensus::run_core(Session& session) {
  const Machine machine = introduce(session, path());
  Progress progress{session.terminal, session.quiet};
  const auto measure = [&](const std::vector<Case>& cases) {
    if (session.stop.stop_requested()) return Comparisons{};
    return compare_together(cases, options_.rounds(), progress, session.stop);
  };

  Comparisons executors;
  for (const ExecutionCase& execution : execution_cases(options_.quick)) {
    if (session.stop.stop_requested()) break;
    executors.push_back(compare_executors(execution, options_.quick, options_.rounds(), progress, session.stop));
  }
  const Comparisons roots = measure(state_root_cases(options_.quick));
  const Comparisons crypto = measure(crypto_cases());
  const Comparisons core = measure(core_cases(options_.quick, session.stop));
  progress.clear();

  nlohmann::json document = envelope(path(), machine, options_, !session.stop.stop_requested());
  document["results"] = {{"core", core}, {"executors", executors}, {"state_root", roots}, {"crypto", crypto}};
  const std::string text = figures_text("core", core) + "\n" + executors_text(executors) + "\n" +
                           figures_text("state root", roots) + "\n" + figures_text("digests and signatures", crypto);
  return publish(session, options_, document, text);
}

}  // namespace myelin::tool
