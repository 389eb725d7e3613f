/// Whether what clients saw could have happened one at a time, each between its call and its return.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "myelin/base/time.hpp"

namespace myelin::sim {

/// One operation as its client saw it.
struct Interval {
  Duration called{0};
  std::optional<Duration> returned;  ///< None: the client never learned. It may have taken effect at any later time.
};

enum class Linearizable {
  yes,
  no,
  unknown,  ///< The search was given up: too many operations overlap.
};

/// Searches for an order. `apply(state, i)`: what operation i does to the object's state, whether that is what its
/// client was told; always true for one that never returned. `initial`: the object's first state, as text.
/// **Cost**: exponential in the operations that overlap, in the worst case; `steps_max` bounds it.
/// **Source**: Wing and Gong, "Testing and verifying concurrent objects", 1993; with the cache of states already seen
/// of Lowe, "Testing for linearizability", 2017.
[[nodiscard]] Linearizable check_linearizable(std::span<const Interval> history, const std::string& initial,
                                              const std::function<bool(std::string&, std::size_t)>& apply,
                                              std::size_t steps_max = 2'000'000);

}  // namespace myelin::sim
