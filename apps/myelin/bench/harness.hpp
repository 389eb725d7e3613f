/// Compares variants of the same work fairly on a noisy machine: rounds in which every variant runs once, in turns.
///
/// A machine's speed drifts over seconds. Two variants measured one after the other, each many times, get different
/// machines; in rounds they share one. So ratios are taken within a round, and only then is their median taken.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "bench/statistics.hpp"
#include "terminal/progress.hpp"

namespace myelin::tool {

/// One way to do the work. `measure` runs it once and returns the figure, in the unit of the comparison.
struct Variant {
  std::string name;
  std::function<double()> measure;
};

/// One question, and every way to answer it.
struct Case {
  std::string name;
  std::string unit;
  std::vector<Variant> variants;
};

struct Rounds {
  int repetitions = 7;  ///< Rounds that count. **Requires**: at least 1.
  int warm_ups = 1;     ///< Rounds before them that do not.
};

/// One variant's figures, one a round.
struct Series {
  std::string name;
  std::vector<double> values;
  Summary summary;
};

/// What came of a comparison. The first variant is the baseline.
struct Comparison {
  std::string name;
  std::string unit;
  std::vector<Series> series;   ///< As the variants were given.
  std::vector<Summary> ratios;  ///< Of variant i + 1 to the baseline, taken within each round.
  bool complete = true;         ///< False when stopped early; then the series may hold fewer rounds, or none.
};

/// Runs the warm-ups, then the rounds. Each round starts with the variant after the one that the round before it
/// started with, so that no variant always runs first. Stops between measurements when `stop` is requested; a
/// broken-off round is dropped.
/// **Requires**: at least one variant.
[[nodiscard]] Comparison compare(std::string name, std::string unit, const std::vector<Variant>& variants,
                                 Rounds rounds, Progress& progress, const std::stop_token& stop);

/// The same for several cases whose figures are compared with one another too: each round runs them all.
/// **Requires**: at least one variant a case.
[[nodiscard]] std::vector<Comparison> compare_together(const std::vector<Case>& cases, Rounds rounds,
                                                       Progress& progress, const std::stop_token& stop);

/// How many times `to` each figure of `of` is, round by round. **Requires**: both took part in the same rounds, at
/// least one.
[[nodiscard]] Summary ratio_by_round(const Series& of, const Series& to);

/// {"name", "unit", "complete", "series": [{"name", "median", "min", "max", "values"}], "ratios": [...]}.
void to_json(nlohmann::json& json, const Comparison& comparison);

}  // namespace myelin::tool
