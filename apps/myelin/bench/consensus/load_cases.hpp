/// Which groups are measured under which loads, and what came of it.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "bench/bars.hpp"
#include "bench/consensus/group_load.hpp"
#include "bench/harness.hpp"

namespace myelin::tool {

/// One row of the report.
struct LoadCase {
  std::string name;
  GroupSetup setup;
  Load load;
};

/// A case's figures, one a round; fewer than rounds, or none, where it was stopped.
struct LoadResult {
  LoadCase load_case;
  std::vector<LoadFigures> rounds = {};
  bool complete = false;  ///< In all rounds; no bar is judged by what is not.

  /// Over the rounds. **Requires**: at least one.
  [[nodiscard]] Summary summary(double LoadFigures::*figure) const;
};

/// Closed loops: how much a group can do. `folder` holds what validators keep.
[[nodiscard]] std::vector<LoadCase> saturation_cases(bool quick, const std::filesystem::path& folder);
/// Open loops: what callers wait at rising loads.
[[nodiscard]] std::vector<LoadCase> sweep_cases(bool quick, const std::filesystem::path& folder);

/// Each case once a round, so that a machine's drift meets all. A broken-off round is dropped.
/// **Errors**: those of measure_load().
[[nodiscard]] Result<std::vector<LoadResult>> run_cases(const std::vector<LoadCase>& cases, Rounds rounds,
                                                        const LoadTimes& times, Progress& progress,
                                                        const std::stop_token& stop);

/// What was promised, by the cases that it was promised of.
[[nodiscard]] std::vector<Bar> load_bars(const std::vector<LoadResult>& saturation,
                                         const std::vector<LoadResult>& sweep);

[[nodiscard]] std::string saturation_table(const std::vector<LoadResult>& results);
[[nodiscard]] std::string cost_table(const std::vector<LoadResult>& results);
[[nodiscard]] std::string sweep_table(const std::vector<LoadResult>& results);

/// {"name", "complete", "setup": {...}, "load": {...}, "figures": {NAME: {"median", "min", "max"}}, "rounds": [...]}.
void to_json(nlohmann::json& json, const LoadResult& result);

}  // namespace myelin::tool
