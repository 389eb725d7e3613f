/// What Myelin's messaging promises against raw CAF, and whether a run of the benchmark kept it.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "bench/harness.hpp"

namespace myelin::tool {

/// One promise on one number of workers.
struct Bar {
  std::string name;
  double limit = 0;
  bool at_least = true;                  ///< Whether the measured value must not be below the limit, or not above it.
  std::optional<Summary> measured = {};  ///< Over the rounds; none where the run was stopped before.

  /// By the median.
  [[nodiscard]] bool met() const {
    return measured && (at_least ? measured->median >= limit : measured->median <= limit);
  }
};

/// The four promises for each number of workers. What a message costs is judged at 8 bytes: with larger payloads both
/// sides spend ever more of the time on copying the sender's data.
[[nodiscard]] std::vector<Bar> messaging_bars(const std::vector<Comparison>& comparisons,
                                              const std::vector<std::size_t>& workers);

/// {"name", "limit", "better": "more" | "less", "measured": {...} | null, "met"}.
void to_json(nlohmann::json& json, const Bar& bar);

}  // namespace myelin::tool
