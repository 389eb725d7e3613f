#include "commands/bench_consensus.hpp"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "bench/consensus/core_rounds.hpp"
#include "bench/consensus/execution.hpp"
#include "terminal/table.hpp"

namespace myelin::tool {

namespace {

using Comparisons = std::vector<Comparison>;

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
        return comparison.unit == "vertices/s" ? thousands(value) + "/s" : format_figure(comparison.unit, value);
      };
      const std::string name = comparison.series.size() > 1 ? comparison.name + ", " + series.name : comparison.name;
      table.add_row({name, format_summary(series.summary, format)});
    }
  }
  return table.to_string();
}

/// Vertices a second through a core, with stub signatures, and what the commit rule takes of it.
std::vector<Case> core_cases(bool quick) {
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
  return cases;
}

}  // namespace

void BenchConsensus::declare(CLI::App& app) {
  options_.declare(app);
  app.add_flag("--core", is_core_, "The pure parts: no network, no disk")->required();
  app.footer(
      "Examples:\n"
      "  myelin bench consensus --core                # everything, some minutes\n"
      "  myelin bench consensus --core --quick        # does it work here?\n"
      "  myelin bench consensus --core --json > consensus.json\n\n"
      "Two threads need two cores that nobody else uses.");
}

Result<void> BenchConsensus::run(Session& session) {
  if (auto can = options_.check(); !can) return can;
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
  const Comparisons core = measure(core_cases(options_.quick));
  progress.clear();

  nlohmann::json document = envelope(path(), machine, options_, !session.stop.stop_requested());
  document["results"] = {{"core", core}, {"executors", executors}, {"state_root", roots}, {"crypto", crypto}};
  const std::string text = figures_text("core", core) + "\n" + executors_text(executors) + "\n" +
                           figures_text("state root", roots) + "\n" + figures_text("digests and signatures", crypto);
  return publish(session, options_, document, text);
}

}  // namespace myelin::tool
