#include "bench/savina/agents_bars.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "bench/messages.hpp"
#include "bench/savina/cases.hpp"
#include "terminal/units.hpp"

namespace myelin::tool::savina {

namespace {

/// Collects bars; those about cases that were not planned are left out.
class Bars {
 public:
  explicit Bars(const std::vector<Comparison>& comparisons) : comparisons_{comparisons} {}

  [[nodiscard]] const Series* series(const std::string& name, const std::string& side) const {
    return find_series(comparisons_, name, side);
  }

  /// `of` to `to`, both sides of one case.
  void add_ratio(const std::string& name, const std::string& of, const std::string& to, std::string text, double limit,
                 bool at_least) {
    if (!planned(name)) return;
    bars_.push_back({std::move(text), limit, at_least, ratio(series(name, of), series(name, to))});
  }

  /// The figure itself, in `unit`, which is so many times the case's.
  void add_figure(const std::string& name, std::string text, double limit, std::string unit, double per_unit) {
    if (!planned(name)) return;
    std::optional<Summary> measured;
    if (const Series* found = series(name, kMyelinSide)) {
      const Summary& summary = found->summary;
      measured = Summary{summary.median / per_unit, summary.min / per_unit, summary.max / per_unit};
    }
    bars_.push_back({std::move(text), limit, false, measured, std::move(unit)});
  }

  /// How much more Myelin's figure is in one case than in another.
  void add_difference(const std::string& more, const std::string& less, std::string text, double limit,
                      std::string unit, double per_unit) {
    if (!planned(more) || !planned(less)) return;
    const Series* a = series(more, kMyelinSide);
    const Series* b = series(less, kMyelinSide);
    std::optional<Summary> measured;
    if (a != nullptr && b != nullptr && a->values.size() == b->values.size()) {
      std::vector<double> differences(a->values.size());
      std::ranges::transform(a->values, b->values, differences.begin(),
                             [&](double x, double y) { return (x - y) / per_unit; });
      measured = summarise(differences);
    }
    bars_.push_back({std::move(text), limit, false, measured, std::move(unit)});
  }

  [[nodiscard]] std::vector<Bar> take() { return std::move(bars_); }

 private:
  [[nodiscard]] bool planned(const std::string& name) const {
    return std::ranges::find(comparisons_, name, &Comparison::name) != comparisons_.end();
  }

  const std::vector<Comparison>& comparisons_;
  std::vector<Bar> bars_;
};

}  // namespace

std::vector<Bar> agents_bars(const std::vector<Comparison>& comparisons, const std::vector<std::size_t>& workers,
                             bool quick) {
  Bars bars{comparisons};
  const std::vector<Program> all = programs();
  const Program& ping_pong = all.front();
  for (const std::size_t count : workers) {
    const std::string on = fmt::format(", {} worker{}", count, count == 1 ? "" : "s");
    const std::string one_way = one_way_name(8, PayloadSource::built, count);
    // On one core it is the cost of a message that counts; across cores, the cache misses between them too.
    const bool one_core = count == 1;
    bars.add_ratio(one_way, kRawCafSide, kFramesSide, "one-way rate, frames to raw CAF" + on, one_core ? 4 : 2, true);
    bars.add_ratio(one_way, kRawCafSide, kBatchesSide, "one-way rate, batches to raw CAF" + on, one_core ? 12 : 3,
                   true);
    bars.add_ratio(one_way, kErlangSide, kBatchesSide, "one-way rate, batches to Erlang" + on, 10, true);
    const std::string round_trip = program_name(ping_pong, count);
    bars.add_ratio(round_trip, kMyelinSide, kRawCafSide, "round trip, to raw CAF" + on, 0.15, false);
    bars.add_ratio(round_trip, kMyelinSide, kErlangSide, "round trip, to Erlang" + on, 1, false);
    bars.add_ratio(ask_name(false, count), kMyelinSide, kRawCafSide, "ask, to raw CAF" + on, 0.2, false);
    bars.add_ratio(ask_name(true, count), kMyelinSide, kRawCafSide, "ask with a deadline, to raw CAF" + on, 0.1, false);
  }
  const std::size_t most = *std::ranges::max_element(workers);
  for (const Program& program : all) {
    if (&program == &ping_pong) continue;
    const std::string name = program_name(program, most);
    bars.add_ratio(name, kMyelinSide, kRawCafSide, program.name + ", time to raw CAF's", 1, false);
    if (program.key == "skynet") {
      bars.add_ratio(name, kMyelinSide, kErlangSide, program.name + ", time to Erlang's", 1, false);
    }
  }
  bars.add_ratio(kSpawnName, kMyelinSide, kRawCafSide, "lazy spawn, time to raw CAF's", 0.7, false);
  bars.add_figure(
      kLiveMemoryName,
      fmt::format("memory of an idle agent, {} live", format_count(static_cast<long long>(agents_live(quick)))), 1000,
      "B", 1);
  bars.add_figure(kRestName, "at rest with 10,000 agents, of a core", 0.1, "%", 1);
  bars.add_figure(kLoneName, "lone message after 1 ms of silence, p50", 15, "us", 1e3);
  bars.add_difference(overload_name(quick, true), overload_name(quick, false),
                      "overload: memory for 4 times the messages, more", 1, "MiB", 1 << 20);
  for (const std::size_t count : workers) {
    bars.add_ratio(observed_name(count), kMetricsSide, kUnobservedSide,
                   fmt::format("round trip with metrics, to without, {} worker{}", count, count == 1 ? "" : "s"), 1.05,
                   false);
  }
  return bars.take();
}

}  // namespace myelin::tool::savina
