/// Messaging in plain CAF 0.17.6, written as its manual teaches: the baseline of `myelin bench messages`.
///
/// The default work-stealing scheduler; event-based actors; no logging. Every function starts an actor system of its
/// own, measures between two clock readings inside its actors, and shuts it down outside the measured time. Stopped
/// early, a figure is 0.
/// **Thread-safety**: one call at a time.
#pragma once

#include "bench/messaging.hpp"
#include "bench/statistics.hpp"

namespace myelin::tool::raw_caf {

/// Nanoseconds a message, until the receiver has handled all. 8 bytes travel as a uint64_t, 64 as a struct, more as a
/// std::vector<char> copied from the sender's data. What is passed on is one caf::message that holds a vector.
[[nodiscard]] double one_way(const OneWay& parameters);

/// Nanoseconds a round trip.
[[nodiscard]] double round_trip(const RoundTrip& parameters);

/// Each round trip's nanoseconds. **Cost**: a clock reading (about 25 ns) is in each.
[[nodiscard]] Latencies round_trip_latencies(const RoundTrip& parameters);

/// Nanoseconds an actor.
[[nodiscard]] double spawn(const Spawn& parameters);

/// Bytes of resident memory an actor that has set up its handler, without its handle.
/// **Requires**: a process that has not allocated and freed much before, or the heap's slack hides the growth.
[[nodiscard]] double bytes_per_agent(std::uint64_t agents);

}  // namespace myelin::tool::raw_caf
