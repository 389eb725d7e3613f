#include "commands/bench_messages.hpp"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Validators.hpp>
#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "bench/messaging_bars.hpp"

namespace myelin::tool {

namespace {

constexpr const char* kNotes =
    "Spread: range to median. The last column, taken within each round: above 1 Myelin takes less.\n"
    "Batches are for small messages that are built: they are asked about nothing else. In a round trip no two\n"
    "messages come together, and each batch holds one.\n";

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
  if (auto can = options_.check(); !can) return can;
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
  return publish(session, options_, document,
                 comparison_table("per message, agent or round trip", comparisons) + kNotes + '\n' + bar_table(bars) +
                     '\n' + latency_table("round trips", latencies, session.terminal.out_style));
}

}  // namespace myelin::tool
