/// What came of `myelin bench network`: tables, and promises.
#pragma once

#include <string>
#include <vector>

#include "bench/bars.hpp"
#include "bench/harness.hpp"
#include "bench/network/cases.hpp"

namespace myelin::tool {

/// A row a side: an item's time, items and bytes a second, and how many times as fast it is as raw CAF and ZeroMQ, by
/// round.
[[nodiscard]] std::string one_way_table(const std::vector<NetworkCase>& cases,
                                        const std::vector<Comparison>& comparisons);
/// The other figures.
[[nodiscard]] std::string answers_table(const std::vector<NetworkCase>& cases,
                                        const std::vector<Comparison>& comparisons);

[[nodiscard]] std::vector<Bar> network_bars(const std::vector<Comparison>& comparisons);

}  // namespace myelin::tool
