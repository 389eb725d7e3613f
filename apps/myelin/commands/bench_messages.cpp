#include "commands/bench_messages.hpp"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Validators.hpp>
#include <algorithm>
#include <cmath>
#include <iterator>
#include <nlohmann/json.hpp>

#include "bench/messaging_bars.hpp"
#include "terminal/drawing.hpp"
#include "terminal/table.hpp"
#include "terminal/units.hpp"

namespace myelin::tool {

namespace {

/// Percentiles of one side's round trips on one number of workers.
struct LatencyRow {
  std::string side;
  std::size_t workers = 1;
  Latencies latencies;
};

std::string format_figure(const std::string& unit, double value) {
  return unit == "B" ? format_bytes(value) : format_duration_ns(value);
}

std::string two_digits(double ratio) { return fmt::format("{:.2f}", ratio); }

std::string case_table(const std::vector<Comparison>& comparisons) {
  if (comparisons.empty()) return {};
  using enum Table::Align;
  Table table{{{"per message, agent or round trip", left},
               {"side", left},
               {"median (range)"},
               {"spread"},
               {"a second"},
               {"raw CAF to this"}}};
  for (const Comparison& comparison : comparisons) {
    for (const Series& series : comparison.series) {
      const bool first = &series == &comparison.series.front();
      const std::string name = first ? comparison.name : "";
      if (series.values.empty()) {
        table.add_row({name, series.name, "-", "-", "-", "-"});
        continue;
      }
      const auto format = [&](double value) { return format_figure(comparison.unit, value); };
      table.add_row({name, series.name, format_summary(series.summary, format), format_percent(series.summary.spread()),
                     comparison.unit == "ns" ? format_number(1e9 / series.summary.median) : "",
                     first ? "" : format_summary(ratio_by_round(comparison.series.front(), series), two_digits)});
    }
  }
  return table.to_string() +
         "Spread: range to median. The last column, taken within each round: above 1 Myelin takes less.\n"
         "Batches are for small messages that are built: they are asked about nothing else. In a round trip no two\n"
         "messages come together, and each batch holds one.\n";
}

std::string bar_table(const std::vector<Bar>& bars) {
  using enum Table::Align;
  Table table{{{"bars", left}, {"limit", left}, {"measured"}, {"", left}}};
  for (const Bar& bar : bars) {
    table.add_row({bar.name, fmt::format("{} {}", bar.at_least ? "at least" : "at most", bar.limit),
                   bar.measured ? format_summary(*bar.measured, two_digits) : "-",
                   !bar.measured ? "not measured"
                   : bar.met()   ? "met"
                                 : "missed"});
  }
  return table.to_string();
}

std::string latency_table(std::vector<LatencyRow>& rows, Style style) {
  using enum Table::Align;
  constexpr std::size_t kBuckets = 24;
  Table table{
      {{"round trips", left}, {"workers"}, {"p50"}, {"p95"}, {"p99"}, {"max"}, {"min to max (log scales)", left}}};
  for (LatencyRow& row : rows) {
    if (row.latencies.empty()) continue;
    const auto at = [&](double part) { return format_duration_ns(row.latencies.percentile(part)); };
    std::vector<double> heights = row.latencies.buckets(kBuckets);
    for (double& height : heights) height = std::log2(1.0 + height);  // Or the rare slow ones would not be seen.
    table.add_row({row.side, fmt::format("{}", row.workers), at(0.50), at(0.95), at(0.99), at(1.0),
                   draw_sparkline(heights, style)});
  }
  return table.to_string();
}

}  // namespace

void BenchMessages::declare(CLI::App& app) {
  constexpr std::size_t kWorkersMax = 1024;
  options_.declare(app);
  app.add_option("--workers", workers_, "Scheduler threads; several numbers measure each")
      ->delimiter(',')
      ->check(CLI::Range(std::size_t{1}, kWorkersMax).description(""))
      ->type_name("N,...")
      ->capture_default_str();
  app.add_option("--measure-memory-of", memory_of_, "Internal: print one side's bytes an agent")->group("");
  app.footer(
      "Examples:\n"
      "  myelin bench messages                        # everything, a few minutes\n"
      "  myelin bench messages --quick                # does it work here?\n"
      "  myelin bench messages --workers 1            # sender and receiver on one core\n"
      "  myelin bench messages --json > messages.json");
}

Result<void> BenchMessages::measure_memory(const Session& session) const {
  for (const MessagingSide& side : messaging_sides()) {
    if (side.name != memory_of_ || !side.bytes_per_agent) continue;
    session.print_text(fmt::format("{}\n", side.bytes_per_agent(agents_for_memory(options_.quick))));
    return {};
  }
  return fail(Errc::invalid_argument, fmt::format("--measure-memory-of: no side '{}'", memory_of_));
}

Result<void> BenchMessages::run(Session& session) {
  if (!memory_of_.empty()) return measure_memory(session);
  const Machine machine = introduce(session, path());
  const std::vector<MessagingSide> sides = messaging_sides();

  Progress progress{session.terminal, session.quiet};
  std::vector<Comparison> comparisons;
  for (const std::vector<Case>& cases : messaging_cases(sides, {workers_, options_.quick, session.stop})) {
    if (session.stop.stop_requested()) break;
    std::vector<Comparison> measured = compare_together(cases, options_.rounds(), progress, session.stop);
    std::ranges::move(measured, std::back_inserter(comparisons));
  }
  std::vector<LatencyRow> latencies;
  for (const std::size_t workers : workers_) {
    for (const MessagingSide& side : sides) {
      if (session.stop.stop_requested()) break;
      progress.update(fmt::format("{}: percentiles of round trips", side.name));
      const RoundTrip question{options_.quick ? 10'000U : 200'000U, workers, session.stop};
      latencies.push_back({side.name, workers, side.round_trip_latencies(question)});
    }
  }
  progress.clear();

  nlohmann::json document = envelope(path(), machine, options_, !session.stop.stop_requested());
  const std::vector<Bar> bars = messaging_bars(comparisons, workers_);
  document["results"] = comparisons;
  document["bars"] = bars;
  document["round_trip_latencies"] = nlohmann::json::array();
  for (LatencyRow& row : latencies) {
    document["round_trip_latencies"].push_back(
        {{"side", row.side}, {"workers", row.workers}, {"latency", to_json(row.latencies)}});
  }
  return publish(
      session, options_, document,
      case_table(comparisons) + '\n' + bar_table(bars) + '\n' + latency_table(latencies, session.terminal.out_style));
}

}  // namespace myelin::tool
