#include "bench/report.hpp"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Validators.hpp>
#include <cmath>
#include <nlohmann/json.hpp>

#include "cli/version.hpp"
#include "process/atomic_file.hpp"
#include "terminal/drawing.hpp"
#include "terminal/table.hpp"
#include "terminal/units.hpp"

namespace myelin::tool {

void BenchOptions::declare(CLI::App& app) {
  constexpr int kRepetitionsMax = 1000;
  app.add_option("--repetitions", repetitions, "Rounds in which each variant runs once, 1 to 1000; the median counts")
      ->check(CLI::Range(1, kRepetitionsMax).description(""))
      ->type_name("N")
      ->default_str(fmt::format("{}", kRepetitions));
  app.add_flag("--quick", quick,
               "Small cases, one round of them unless --repetitions is given: does it work? The figures are rough");
  app.add_option("--save", save, "Writes the JSON document to this file too")->check(names_a_file())->type_name("FILE");
}

CLI::Validator names_a_file() {
  return {[](const std::string& value) { return value.empty() ? "expected the name of a file" : std::string{}; }, ""};
}

Result<void> BenchOptions::check() const { return save.empty() ? Result<void>{} : check_can_write("--save", save); }

Machine introduce(const Session& session, const std::string& command) {
  Machine machine = this_machine();
  if (!session.quiet) fmt::print(session.terminal.err, "{} on {}\n", command, to_string(machine));
  if (const std::string warning = warning_about(machine); !warning.empty()) session.warn(warning);
  return machine;
}

nlohmann::json envelope(const std::string& command, const Machine& machine, const BenchOptions& options,
                        bool complete) {
  return {
      {"command", command},   {"version", version_number()},
      {"machine", machine},   {"options", {{"repetitions", options.rounds().repetitions}, {"quick", options.quick}}},
      {"complete", complete}, {"results", nlohmann::json::array()}};
}

Result<void> publish(const Session& session, const BenchOptions& options, const nlohmann::json& document,
                     const std::string& text) {
  if (session.stop.stop_requested()) {
    fmt::print(session.terminal.err, "myelin: interrupted: what follows is incomplete\n");
  }
  if (session.json) {
    session.print_json(document);
  } else {
    session.print_text(text);
  }
  if (options.save.empty()) return {};
  // Or it would come behind the document where both go to one place.
  std::fflush(session.terminal.out);
  return write_file_atomically(options.save, document.dump(2) + '\n');
}

std::string format_summary(const Summary& summary, const std::function<std::string(double)>& format) {
  if (summary.min == summary.max) return format(summary.median);
  return fmt::format("{} ({}-{})", format(summary.median), format(summary.min), format(summary.max));
}

std::string two_digits(double ratio) { return fmt::format("{:.2f}", ratio); }

std::string format_figure(const std::string& unit, double value) {
  if (unit == "%") return fmt::format("{:.3f} %", value);
  return unit == "B" ? format_bytes(value) : format_duration_ns(value);
}

std::string comparison_table(const std::string& heading, const std::vector<Comparison>& comparisons) {
  if (comparisons.empty()) return {};
  using enum Table::Align;
  Table table{{{heading, left}, {"side", left}, {"median (range)"}, {"spread"}, {"a second"}, {"raw CAF to this"}}};
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
  return table.to_string();
}

std::string latency_table(const std::string& heading, std::vector<LatencyRow>& rows, Style style) {
  using enum Table::Align;
  if (rows.empty()) return {};
  constexpr std::size_t kBuckets = 24;
  Table table{{{heading, left}, {"workers"}, {"p50"}, {"p95"}, {"p99"}, {"max"}, {"min to max (log scales)", left}}};
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

}  // namespace myelin::tool
