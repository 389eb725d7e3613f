#include "bench/harness.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>

namespace myelin::tool {

namespace {

/// The figures of one round, by variant; fewer than variants when stopped.
std::vector<double> run_round(const std::vector<Variant>& variants, int round, const std::stop_token& stop) {
  std::vector<double> figures(variants.size(), 0.0);
  for (std::size_t turn = 0; turn < variants.size(); ++turn) {
    if (stop.stop_requested()) return {};
    const std::size_t i = (turn + static_cast<std::size_t>(round)) % variants.size();
    figures[i] = variants[i].measure();
  }
  // Work that polls the token itself may have ended early: its figure means nothing.
  if (stop.stop_requested()) return {};
  return figures;
}

}  // namespace

Comparison compare(std::string name, std::string unit, const std::vector<Variant>& variants, Rounds rounds,
                   Progress& progress, const std::stop_token& stop) {
  return compare_together({{std::move(name), std::move(unit), variants}}, rounds, progress, stop).front();
}

std::vector<Comparison> compare_together(const std::vector<Case>& cases, Rounds rounds, Progress& progress,
                                         const std::stop_token& stop) {
  std::vector<Comparison> comparisons;
  std::vector<Variant> variants;  // of all cases, one behind the other
  for (const Case& question : cases) {
    comparisons.push_back({question.name, question.unit, {}, {}, true});
    for (const Variant& variant : question.variants) {
      comparisons.back().series.push_back({variant.name, {}, {}});
      variants.push_back(variant);
    }
  }

  const int total = rounds.warm_ups + rounds.repetitions;
  for (int round = 0; round < total; ++round) {
    progress.update(fmt::format("{}: round {} of {}", comparisons.front().name, round + 1, total));
    const std::vector<double> figures = run_round(variants, round, stop);
    if (figures.empty()) {
      for (Comparison& comparison : comparisons) comparison.complete = false;
      break;
    }
    if (round < rounds.warm_ups) continue;
    auto figure = figures.begin();
    for (Comparison& comparison : comparisons) {
      for (Series& series : comparison.series) series.values.push_back(*figure++);
    }
  }

  for (Comparison& comparison : comparisons) {
    for (Series& series : comparison.series) {
      const bool measured = !series.values.empty();
      if (measured) series.summary = summarise(series.values);
      if (&series == &comparison.series.front()) continue;
      comparison.ratios.push_back(measured ? ratio_by_round(series, comparison.series.front()) : Summary{});
    }
  }
  return comparisons;
}

Summary ratio_by_round(const Series& of, const Series& to) {
  std::vector<double> ratios(of.values.size());
  std::ranges::transform(of.values, to.values, ratios.begin(), std::divides{});
  return summarise(ratios);
}

void to_json(nlohmann::json& json, const Comparison& comparison) {
  json = {{"name", comparison.name}, {"unit", comparison.unit}, {"complete", comparison.complete}};
  json["series"] = nlohmann::json::array();
  for (const Series& series : comparison.series) {
    nlohmann::json entry{{"name", series.name}, {"values", series.values}};
    if (!series.values.empty()) entry["summary"] = series.summary;
    json["series"].push_back(std::move(entry));
  }
  json["ratios_to_first"] = comparison.ratios;
}

}  // namespace myelin::tool
