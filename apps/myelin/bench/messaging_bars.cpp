#include "bench/messaging_bars.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "bench/messages.hpp"

namespace myelin::tool {

namespace {

/// What one side measured in one case; null if it did not.
const Series* find(const std::vector<Comparison>& comparisons, const std::string& name, const std::string& side) {
  const auto comparison = std::ranges::find(comparisons, name, &Comparison::name);
  if (comparison == comparisons.end()) return nullptr;
  const auto series = std::ranges::find(comparison->series, side, &Series::name);
  return series == comparison->series.end() || series->values.empty() ? nullptr : &*series;
}

std::optional<Summary> ratio(const Series* of, const Series* to) {
  if (of == nullptr || to == nullptr || of->values.size() != to->values.size()) return std::nullopt;
  return ratio_by_round(*of, *to);
}

}  // namespace

std::vector<Bar> messaging_bars(const std::vector<Comparison>& comparisons, const std::vector<std::size_t>& workers) {
  std::vector<Bar> bars;
  for (const std::size_t count : workers) {
    const std::string on = fmt::format(", {} worker{}", count, count == 1 ? "" : "s");
    const std::string one_way = one_way_name(8, PayloadSource::built, count);
    const std::string round_trip = round_trip_name(count);
    const auto passed_on = [&](std::size_t bytes) {
      return find(comparisons, one_way_name(bytes, PayloadSource::passed_on, count), kFramesSide);
    };
    const Series* raw = find(comparisons, one_way, kRawCafSide);
    bars.push_back(
        {"one-way rate, batches to raw CAF" + on, 10, true, ratio(raw, find(comparisons, one_way, kBatchesSide))});
    bars.push_back(
        {"one-way rate, frames to raw CAF" + on, 2, true, ratio(raw, find(comparisons, one_way, kFramesSide))});
    bars.push_back({"round trip, frames to raw CAF" + on, 0.4, false,
                    ratio(find(comparisons, round_trip, kFramesSide), find(comparisons, round_trip, kRawCafSide))});
    bars.push_back(
        {"passing a frame on, 1 MiB to 64 B" + on, 1.2, false, ratio(passed_on(std::size_t{1} << 20), passed_on(64))});
  }
  return bars;
}

void to_json(nlohmann::json& json, const Bar& bar) {
  json = {{"name", bar.name},
          {"limit", bar.limit},
          {"better", bar.at_least ? "more" : "less"},
          {"measured", bar.measured ? nlohmann::json(*bar.measured) : nlohmann::json(nullptr)},
          {"met", bar.met()}};
}

}  // namespace myelin::tool
