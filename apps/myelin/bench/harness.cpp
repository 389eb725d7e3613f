#include "bench/harness.hpp"

#include <fmt/format.h>

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
  Comparison comparison{std::move(name), std::move(unit), {}, {}, true};
  for (const Variant& variant : variants) comparison.series.push_back({variant.name, {}, {}});
  std::vector<std::vector<double>> ratios(variants.size() - 1);

  const int total = rounds.warm_ups + rounds.repetitions;
  for (int round = 0; round < total; ++round) {
    progress.update(fmt::format("{}: round {} of {}", comparison.name, round + 1, total));
    const std::vector<double> figures = run_round(variants, round, stop);
    if (figures.empty()) {
      comparison.complete = false;
      break;
    }
    if (round < rounds.warm_ups) continue;
    for (std::size_t i = 0; i < figures.size(); ++i) {
      comparison.series[i].values.push_back(figures[i]);
      if (i > 0) ratios[i - 1].push_back(figures[i] / figures[0]);
    }
  }

  for (Series& series : comparison.series) {
    if (!series.values.empty()) series.summary = summarise(series.values);
  }
  for (const auto& values : ratios) comparison.ratios.push_back(values.empty() ? Summary{} : summarise(values));
  return comparison;
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
