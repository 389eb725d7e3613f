/// Messaging in Myelin, written as its documentation teaches: what `myelin bench messages` compares with raw CAF.
///
/// The same work as raw_caf.hpp, function by function, in two ways. Every function starts a mesh of its own, measures
/// between two clock readings inside its agents, and stops the mesh outside the measured time. Stopped early, a figure
/// is 0.
/// **Thread-safety**: one call at a time.
#pragma once

#include "bench/messaging.hpp"
#include "bench/statistics.hpp"

namespace myelin::tool {

/// Each message is a frame of its own: `send(to, make_frame<T>(...))`.
namespace frames {

/// Nanoseconds a message, until the receiver has handled all. 8 bytes travel as one UInt64, 64 as eight, more as Data
/// copied from the sender's data into a frame of one segment. What is passed on is one frame of Data: its handle is
/// copied, never its bytes.
[[nodiscard]] double one_way(const OneWay& parameters);

/// Nanoseconds a round trip.
[[nodiscard]] double round_trip(const RoundTrip& parameters);

/// Each round trip's nanoseconds. **Cost**: a clock reading (about 25 ns) is in each.
[[nodiscard]] Latencies round_trip_latencies(const RoundTrip& parameters);

/// Nanoseconds an agent.
[[nodiscard]] double spawn(const Spawn& parameters);

/// Bytes of resident memory an agent that has started, without its handle.
/// **Requires**: a process that has not allocated and freed much before, or the heap's slack hides the growth.
[[nodiscard]] double bytes_per_agent(std::uint64_t agents);

}  // namespace frames

/// Messages are told, `tell(to, ...)`, and the outbox gathers them into batches; the receiver takes a `Batch<T>`.
namespace batches {

/// Whether batches are for such messages: those that are built, and small. The rest is sent as frames.
[[nodiscard]] bool takes(const OneWay& parameters);

/// As frames::one_way(). **Requires**: takes(parameters).
[[nodiscard]] double one_way(const OneWay& parameters);

/// As frames::round_trip(): no two messages ever come together, so that each batch holds one. What the outbox costs
/// when it does not help.
[[nodiscard]] double round_trip(const RoundTrip& parameters);
[[nodiscard]] Latencies round_trip_latencies(const RoundTrip& parameters);

}  // namespace batches

}  // namespace myelin::tool
