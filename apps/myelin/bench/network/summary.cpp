#include "bench/network/summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "bench/report.hpp"
#include "terminal/table.hpp"
#include "terminal/units.hpp"

namespace myelin::tool {

namespace {

const Series* find(const std::vector<Comparison>& comparisons, const std::string& name, std::string_view side) {
  return find_series(comparisons, name, std::string{side});
}

/// How many times as good a side's figure is as another's, by round; empty where one was not measured.
std::string times(const std::vector<Comparison>& comparisons, const Comparison& comparison, const Series& series,
                  std::string_view side) {
  if (series.name == side) return {};
  const Series* const other = find(comparisons, comparison.name, side);
  const auto better = comparison.unit == "ns" ? ratio(other, &series) : ratio(&series, other);
  return better ? format_summary(*better, two_digits) : std::string{};
}

std::string format_value(const std::string& unit, double value) {
  return unit == "ns" ? format_duration_ns(value) : format_bytes(value) + "/s";
}

const Comparison* find_comparison(const std::vector<Comparison>& comparisons, const std::string& name) {
  const auto found = std::ranges::find(comparisons, name, &Comparison::name);
  return found == comparisons.end() ? nullptr : &*found;
}

Summary scaled(const Summary& summary, double factor) {
  return {summary.median * factor, summary.min * factor, summary.max * factor};
}

}  // namespace

std::string one_way_table(const std::vector<NetworkCase>& cases, const std::vector<Comparison>& comparisons) {
  using enum Table::Align;
  Table table{
      {{"one way", left}, {"side", left}, {"an item (range)"}, {"items/s"}, {"bytes/s"}, {"x raw CAF"}, {"x ZeroMQ"}}};
  bool any = false;
  for (const NetworkCase& question : cases) {
    const Comparison* const comparison = find_comparison(comparisons, question.figures.front().name);
    if (question.item_bytes == 0 || comparison == nullptr) continue;
    for (const Series& series : comparison->series) {
      if (series.values.empty()) continue;
      any = true;
      const double a_second = 1e9 / series.summary.median;
      table.add_row({&series == &comparison->series.front() ? comparison->name : "", series.name,
                     format_summary(series.summary, format_duration_ns), format_number(a_second),
                     format_bytes(a_second * static_cast<double>(question.item_bytes)) + "/s",
                     times(comparisons, *comparison, series, kRawCafNetworkSide),
                     times(comparisons, *comparison, series, kZeroMqNetworkSide)});
    }
  }
  return any ? table.to_string() + '\n' : std::string{};
}

std::string answers_table(const std::vector<NetworkCase>& cases, const std::vector<Comparison>& comparisons) {
  using enum Table::Align;
  Table table{{{"to and fro", left}, {"side", left}, {"median (range)"}, {"x raw CAF"}, {"x ZeroMQ"}}};
  bool any = false;
  for (const NetworkCase& question : cases) {
    if (question.item_bytes != 0) continue;
    for (const NetworkCase::Figure& figure : question.figures) {
      const Comparison* const comparison = find_comparison(comparisons, figure.name);
      if (comparison == nullptr) continue;
      for (const Series& series : comparison->series) {
        if (series.values.empty()) continue;
        any = true;
        table.add_row(
            {&series == &comparison->series.front() ? comparison->name : "", series.name,
             format_summary(series.summary, [&](double value) { return format_value(comparison->unit, value); }),
             times(comparisons, *comparison, series, kRawCafNetworkSide),
             times(comparisons, *comparison, series, kZeroMqNetworkSide)});
      }
    }
  }
  return any ? table.to_string() + '\n' : std::string{};
}

std::vector<Bar> network_bars(const std::vector<Comparison>& comparisons) {
  const auto ours = [&](const char* name, std::string_view side = kMyelinNetworkSide) {
    return find(comparisons, name, side);
  };
  const auto faster_than = [&](std::string_view other, const char* name) {
    return ratio(find(comparisons, name, other), ours(name));
  };
  const auto in = [&](const Series* series, double nanoseconds) {
    return series == nullptr ? std::nullopt : std::optional{scaled(series->summary, 1 / nanoseconds)};
  };
  constexpr double kMillisecond = 1e6;
  constexpr double kSecond = 1e9;
  return {
      {"64 B one by one, to raw CAF", 10, true, faster_than(kRawCafNetworkSide, kOneByOne)},
      {"64 B one by one, to ZeroMQ", 0.8, true, faster_than(kZeroMqNetworkSide, kOneByOne)},
      {"256 x 64 B, to raw CAF", 3, true, faster_than(kRawCafNetworkSide, kTogether)},
      {"256 x 64 B, to ZeroMQ's 16 KiB", 1.5, true, faster_than(kZeroMqNetworkSide, kTogether)},
      {"64 KiB, to ZeroMQ", 1.1, true, faster_than(kZeroMqNetworkSide, kLarge)},
      {"1 MiB, to ZeroMQ", 1.0, true, faster_than(kZeroMqNetworkSide, kMebibyte)},
      {"1 MiB with TLS, to without", 0.4, true, ratio(ours(kMebibyte), ours(kMebibyte, kMyelinTlsNetworkSide))},
      {"question at rest, to raw epoll", 1.5, false,
       ratio(ours(kQuestionAtRest), find(comparisons, kQuestionAtRest, kRawEpollNetworkSide))},
      {"control under 1 MiB bulk, to at rest", 3, false, ratio(ours(kControlUnderBulk), ours(kControlAtRest))},
      {"kill -9 noticed", 3, false, in(ours(kKillNoticed, kMyelinTlsNetworkSide), kSecond), "s"},
      {"SIGSTOP noticed", 3, false, in(ours(kSilenceNoticed, kMyelinTlsNetworkSide), kSecond), "s"},
      {"start to ready", 200, false, in(ours(kReady, kMyelinTlsNetworkSide), kMillisecond), "ms"},
  };
}

}  // namespace myelin::tool
