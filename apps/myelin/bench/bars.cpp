#include "bench/bars.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "bench/report.hpp"
#include "terminal/table.hpp"

namespace myelin::tool {

const Series* find_series(const std::vector<Comparison>& comparisons, const std::string& name,
                          const std::string& side) {
  const auto comparison = std::ranges::find(comparisons, name, &Comparison::name);
  if (comparison == comparisons.end() || !comparison->complete) return nullptr;
  const auto series = std::ranges::find(comparison->series, side, &Series::name);
  return series == comparison->series.end() || series->values.empty() ? nullptr : &*series;
}

std::optional<Summary> ratio(const Series* of, const Series* to) {
  if (of == nullptr || to == nullptr || of->values.size() != to->values.size()) return std::nullopt;
  return ratio_by_round(*of, *to);
}

namespace {

/// Digits behind the point: two (of a share, three: a value below the second must not look like nothing), and more
/// where the median would be rounded to the other side of the limit.
int places_for(const Bar& bar) {
  constexpr int kPlacesMax = 6;
  int places = bar.unit == "%" ? 3 : 2;
  if (!bar.measured) return places;
  const auto contradicts = [&] {
    const Summary seen{std::stod(fmt::format("{:.{}f}", bar.measured->median, places))};
    return Bar{{}, bar.limit, bar.at_least, seen}.met() != bar.met();
  };
  while (places < kPlacesMax && contradicts()) ++places;
  return places;
}

}  // namespace

std::string bar_table(const std::vector<Bar>& bars) {
  using enum Table::Align;
  if (bars.empty()) return {};
  Table table{{{"bars", left}, {"limit", left}, {"measured"}, {"", left}}};
  for (const Bar& bar : bars) {
    const std::string unit = bar.unit.empty() ? "" : ' ' + bar.unit;
    const auto digits = [places = places_for(bar)](double value) { return fmt::format("{:.{}f}", value, places); };
    table.add_row({bar.name, fmt::format("{} {}{}", bar.at_least ? "at least" : "at most", bar.limit, unit),
                   bar.measured ? format_summary(*bar.measured, digits) + unit : "-",
                   !bar.measured ? "not measured"
                   : bar.met()   ? "met"
                                 : "missed"});
  }
  return table.to_string();
}

void to_json(nlohmann::json& json, const Bar& bar) {
  json = {{"name", bar.name},
          {"limit", bar.limit},
          {"unit", bar.unit},
          {"better", bar.at_least ? "more" : "less"},
          {"measured", bar.measured ? nlohmann::json(*bar.measured) : nlohmann::json(nullptr)},
          {"met", bar.measured ? nlohmann::json(bar.met()) : nlohmann::json(nullptr)}};
}

}  // namespace myelin::tool
