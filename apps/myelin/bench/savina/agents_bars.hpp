/// What Myelin's agents promise against raw CAF and Erlang, and whether a run of the benchmark kept it.
#pragma once

#include <vector>

#include "bench/bars.hpp"

namespace myelin::tool::savina {

/// The promises about those cases that are among the comparisons, complete or not.
[[nodiscard]] std::vector<Bar> agents_bars(const std::vector<Comparison>& comparisons,
                                           const std::vector<std::size_t>& workers, bool quick);

}  // namespace myelin::tool::savina
