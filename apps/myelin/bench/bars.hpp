/// What a benchmark's figures must reach, and whether a run reached it.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "bench/harness.hpp"

namespace myelin::tool {

/// One promise.
struct Bar {
  std::string name;
  double limit = 0;
  bool at_least = true;                  ///< Whether the measured value must not be below the limit, or not above it.
  std::optional<Summary> measured = {};  ///< Over the rounds; none where the run was stopped before.
  std::string unit = {};                 ///< Of limit and measured; empty for ratios.

  /// By the median.
  [[nodiscard]] bool met() const {
    return measured && (at_least ? measured->median >= limit : measured->median <= limit);
  }
};

/// What one side measured in one case; null if it did not, or not in all rounds: what was interrupted proves nothing.
[[nodiscard]] const Series* find_series(const std::vector<Comparison>& comparisons, const std::string& name,
                                        const std::string& side);

/// ratio_by_round(); nothing where a side was not measured, or in other rounds.
[[nodiscard]] std::optional<Summary> ratio(const Series* of, const Series* to);

/// A table with a row a bar.
[[nodiscard]] std::string bar_table(const std::vector<Bar>& bars);

/// {"name", "limit", "unit", "better": "more" | "less", "measured": {...} | null, "met": true | false | null}; null
/// where it was not measured.
void to_json(nlohmann::json& json, const Bar& bar);

}  // namespace myelin::tool
