/// What Myelin's messaging promises against raw CAF, and whether a run of the benchmark kept it.
#pragma once

#include <vector>

#include "bench/bars.hpp"

namespace myelin::tool {

/// The four promises for each number of workers. What a message costs is judged at 8 bytes: with larger payloads both
/// sides spend ever more of the time on copying the sender's data.
[[nodiscard]] std::vector<Bar> messaging_bars(const std::vector<Comparison>& comparisons,
                                              const std::vector<std::size_t>& workers);

}  // namespace myelin::tool
