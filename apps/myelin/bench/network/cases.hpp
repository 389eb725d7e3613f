/// What `myelin bench network` measures of each side, and what came of it.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "bench/bars.hpp"
#include "bench/harness.hpp"
#include "bench/network/sides.hpp"

namespace myelin::tool {

/// One question to every side that takes it; it may have several figures.
struct NetworkCase {
  struct Figure {
    std::string name;  ///< Of the comparison.
    std::string unit;  ///< "ns" or "B/s".
  };
  std::vector<Figure> figures;
  std::size_t item_bytes = 0;  ///< Of what the figure is a time an item; 0 where it is none.
  std::function<bool(const NetworkSide&)> is_put_to;
  /// As many values as figures.
  std::function<Result<std::vector<double>>(const NetworkSide&)> measure;
};

/// In the order of the report; those with `only` in the name of a figure.
[[nodiscard]] std::vector<NetworkCase> network_cases(bool quick, const std::string& only, const std::stop_token& stop);

/// Each case's sides in turns, a round of all sides after the other. A broken-off round is dropped.
/// **Errors**: those of the sides.
[[nodiscard]] Result<std::vector<Comparison>> run_network_cases(const std::vector<NetworkCase>& cases,
                                                                const std::vector<NetworkSide>& sides, Rounds rounds,
                                                                Progress& progress, const std::stop_token& stop);

[[nodiscard]] std::string one_way_table(const std::vector<NetworkCase>& cases,
                                        const std::vector<Comparison>& comparisons);

}  // namespace myelin::tool
