#include "commands/bench_agents.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/App.hpp>
#include <CLI/Validators.hpp>
#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <nlohmann/json.hpp>

#include "bench/savina/agents_bars.hpp"
#include "bench/savina/outcome.hpp"
#include "myelin/base/suggestion.hpp"
#include "process/interrupt.hpp"

namespace myelin::tool {

namespace {

constexpr const char* kNotes =
    "Spread: range to median. The last column, taken within each round: above 1 this side takes less than raw CAF.\n"
    "Each run's result was compared with what a plain loop computes.\n";

/// Why `name` cannot be measured; empty if it can.
std::string problem_with_name(const std::string& name) {
  const std::vector<std::string> keys = savina::group_keys();
  if (std::ranges::count(keys, name) > 0) return {};
  const std::optional<std::string> guess = nearest(name, keys);
  return guess ? fmt::format("nothing is called '{}'; did you mean '{}'?", name, *guess)
               : fmt::format("nothing is called '{}'; there are {}", name, fmt::join(keys, ", "));
}

}  // namespace

void BenchAgents::declare(CLI::App& app) {
  constexpr std::size_t kWorkersMax = 1024;
  options_.declare(app);
  app.add_option("--workers", workers_,
                 "Scheduler threads; several numbers measure messages on each, and all else on the largest")
      ->delimiter(',')
      ->check(CLI::Range(std::size_t{1}, kWorkersMax).description(""))
      ->type_name("N,...")
      ->capture_default_str();
  app.add_option("--only", only_, "Only these, of the names below")
      ->delimiter(',')
      ->check(CLI::Validator(&problem_with_name, ""))
      ->type_name("NAME,...");
  app.add_option("--measure", question_, "Internal: answer one question in this process")->group("");
  app.footer(fmt::format(
      "Raw CAF is the baseline; Erlang/OTP takes part where it is installed (apt-get install erlang-base).\n\n"
      "Names:\n"
      "  messages     one-way, ask, ping-pong\n"
      "  Savina       counting, fork-join-throughput, fork-join-create, thread-ring, chameneos, big,\n"
      "               bounded-buffer, banking, uct, nqueens; and skynet, a million agents in a tree\n"
      "  agents       spawn, live (a million), rest (what idle ones cost), lone (a message after silence), overload,\n"
      "               metrics (what they cost, and traces)\n\n"
      "Examples:\n"
      "  myelin bench agents                          # everything, about six minutes\n"
      "  myelin bench agents --quick                  # does it work here?\n"
      "  myelin bench agents --only skynet,banking    # two programs\n"
      "  myelin bench agents --workers 4              # on four threads\n"
      "  myelin bench agents --json > agents.json"));
}

Result<void> BenchAgents::measure(Session& session) {
  if (auto can = options_.check(); !can) return can;
  const Machine machine = introduce(session, path());
  Progress progress{session.terminal, session.quiet};
  std::unique_ptr<savina::Erlang> erlang;
  std::string erlang_note;
  if (savina::wants_erlang(only_)) {
    progress.update("starting Erlang");
    Result<std::unique_ptr<savina::Erlang>> started = savina::Erlang::start(*std::ranges::max_element(workers_));
    if (started) {
      erlang = std::move(*started);
    } else if (started.error().code == Errc::not_found) {
      erlang_note = fmt::format("{}: {}.\n", savina::kErlangSide, savina::kErlangMissing);
    } else {
      return tl::unexpected(started.error());
    }
  }

  std::vector<LatencyRow> latencies;
  std::vector<Comparison> comparisons;
  for (const savina::Group& group :
       savina::groups({workers_, options_.quick, only_, erlang.get(), &latencies, session.stop})) {
    std::vector<Comparison> measured =
        compare_together(group.cases, group.rounds(options_.rounds()), progress, session.stop);
    std::ranges::move(measured, std::back_inserter(comparisons));
  }
  progress.clear();

  nlohmann::json document = envelope(path(), machine, options_, !session.stop.stop_requested());
  const std::vector<Bar> bars = savina::agents_bars(comparisons, workers_, options_.quick);
  document["results"] = comparisons;
  document["bars"] = bars;
  document["erlang"] = erlang != nullptr;
  document["lone_latencies"] = nlohmann::json::array();
  for (LatencyRow& row : latencies) {
    document["lone_latencies"].push_back(
        {{"side", row.side}, {"workers", row.workers}, {"latency", to_json(row.latencies)}});
  }
  std::string text = comparison_table("what is measured", comparisons) + kNotes + erlang_note + '\n' + bar_table(bars);
  if (!latencies.empty()) {
    text += '\n' + latency_table("lone messages", latencies, session.terminal.out_style);
  }
  return publish(session, options_, document, text);
}

Result<void> BenchAgents::run(Session& session) {
  if (!question_.empty()) {
    // Nothing to clean up, and the process that asked writes the report.
    const std::stop_callback leave{session.stop, [] { std::_Exit(kExitInterrupted); }};
    return savina::measure_here(question_, workers_.front()).map([&](const std::string& text) {
      session.print_text(text);
    });
  }
  try {
    return measure(session);
  } catch (const savina::Failed& failed) {
    return fail(Errc::handler_failed, failed.what());
  }
}

}  // namespace myelin::tool
