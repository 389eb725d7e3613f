#include "bench/network/cases.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "bench/report.hpp"
#include "terminal/table.hpp"
#include "terminal/units.hpp"

namespace myelin::tool {

namespace {

using std::chrono::milliseconds;

NetworkCase one_way(std::string name, const Stream& stream) {
  return {.figures = {{std::move(name), "ns"}},
          .item_bytes = stream.bytes,
          .is_put_to = [](const NetworkSide& side) { return static_cast<bool>(side.one_way_ns); },
          .measure = [stream](const NetworkSide& side) -> Result<std::vector<double>> {
            const auto time = side.one_way_ns(stream);
            if (!time) return tl::unexpected{time.error()};
            return std::vector<double>{*time};
          }};
}

/// The figures of one round, by side; fewer than sides when stopped.
Result<std::vector<std::vector<double>>> run_round(const NetworkCase& question,
                                                   const std::vector<const NetworkSide*>& sides, int round,
                                                   const std::stop_token& stop) {
  std::vector<std::vector<double>> figures(sides.size());
  for (std::size_t turn = 0; turn < sides.size(); ++turn) {
    const std::size_t i = (turn + static_cast<std::size_t>(round)) % sides.size();
    auto measured = stop.stop_requested() ? std::vector<double>{} : question.measure(*sides[i]);
    if (stop.stop_requested()) return std::vector<std::vector<double>>{};
    if (!measured) {
      return fail(measured.error().code,
                  fmt::format("{}, {}: {}", question.figures.front().name, sides[i]->name, measured.error().message));
    }
    figures[i] = *std::move(measured);
  }
  return figures;
}

void summarise_all(Comparison& comparison) {
  for (Series& series : comparison.series) {
    const bool measured = !series.values.empty();
    if (measured) series.summary = summarise(series.values);
    if (&series == &comparison.series.front()) continue;
    comparison.ratios.push_back(measured ? ratio_by_round(series, comparison.series.front()) : Summary{});
  }
}

}  // namespace

std::vector<NetworkCase> network_cases(bool quick, const std::string& only, const std::stop_token& stop) {
  const Duration time = quick ? milliseconds{50} : milliseconds{500};
  const auto stream = [&](std::size_t bytes, std::size_t batch = 1) { return Stream{bytes, batch, time, stop}; };
  std::vector<NetworkCase> cases;
  cases.push_back(one_way("64 B, one by one", stream(64)));
  cases.push_back(one_way("64 B, 256 together", stream(64, 256)));
  cases.push_back(one_way("1 KiB", stream(1 << 10)));
  cases.push_back(one_way("64 KiB", stream(64 << 10)));
  cases.push_back(one_way("1 MiB", stream(1 << 20)));
  std::erase_if(cases, [&](const NetworkCase& each) {
    return std::ranges::none_of(each.figures,
                                [&](const auto& figure) { return figure.name.find(only) != std::string::npos; });
  });
  return cases;
}

Result<std::vector<Comparison>> run_network_cases(const std::vector<NetworkCase>& cases,
                                                  const std::vector<NetworkSide>& all_sides, Rounds rounds,
                                                  Progress& progress, const std::stop_token& stop) {
  std::vector<Comparison> comparisons;
  const int total = rounds.warm_ups + rounds.repetitions;
  for (const NetworkCase& question : cases) {
    std::vector<const NetworkSide*> sides;
    for (const NetworkSide& side : all_sides) {
      if (question.is_put_to(side)) sides.push_back(&side);
    }
    std::vector<Comparison> of_case;
    for (const NetworkCase::Figure& figure : question.figures) {
      of_case.push_back({figure.name, figure.unit, {}, {}, true});
      for (const NetworkSide* side : sides) of_case.back().series.push_back({side->name, {}, {}});
    }
    for (int round = 0; round < total; ++round) {
      progress.update(fmt::format("{}: round {} of {}", of_case.front().name, round + 1, total));
      const auto figures = run_round(question, sides, round, stop);
      if (!figures) return tl::unexpected{figures.error()};
      if (figures->empty()) {
        for (Comparison& comparison : of_case) comparison.complete = false;
        break;
      }
      if (round < rounds.warm_ups) continue;
      for (std::size_t side = 0; side < sides.size(); ++side) {
        for (std::size_t i = 0; i < of_case.size(); ++i) {
          of_case[i].series[side].values.push_back((*figures)[side][i]);
        }
      }
    }
    for (Comparison& comparison : of_case) {
      summarise_all(comparison);
      comparisons.push_back(std::move(comparison));
    }
    if (stop.stop_requested()) break;
  }
  return comparisons;
}

std::string one_way_table(const std::vector<NetworkCase>& cases, const std::vector<Comparison>& comparisons) {
  using enum Table::Align;
  Table table{
      {{"one way", left}, {"side", left}, {"an item (range)"}, {"items/s"}, {"bytes/s"}, {"x raw CAF"}, {"x ZeroMQ"}}};
  bool any = false;
  for (const NetworkCase& question : cases) {
    if (question.item_bytes == 0) continue;
    const std::string& name = question.figures.front().name;
    const auto comparison = std::ranges::find(comparisons, name, &Comparison::name);
    if (comparison == comparisons.end()) continue;
    for (const Series& series : comparison->series) {
      if (series.values.empty()) continue;
      any = true;
      // How many times as fast as another side, by round.
      const auto times = [&](std::string_view side) -> std::string {
        const auto faster =
            series.name == side ? std::nullopt : ratio(find_series(comparisons, name, std::string{side}), &series);
        return faster ? format_summary(*faster, two_digits) : "";
      };
      const double a_second = 1e9 / series.summary.median;
      table.add_row({&series == &comparison->series.front() ? name : "", series.name,
                     format_summary(series.summary, format_duration_ns), format_number(a_second),
                     format_bytes(a_second * static_cast<double>(question.item_bytes)) + "/s",
                     times(kRawCafNetworkSide), times(kZeroMqNetworkSide)});
    }
  }
  return any ? table.to_string() : std::string{};
}

}  // namespace myelin::tool
