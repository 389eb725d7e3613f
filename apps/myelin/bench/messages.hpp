/// The cases of `myelin bench messages`.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "bench/harness.hpp"
#include "bench/messaging.hpp"

namespace myelin::tool {

/// One side of the comparison: how it answers each question. An empty function: this question is not put to it.
struct MessagingSide {
  std::string name;
  std::function<double(const OneWay&)> one_way_ns;
  /// Which messages one_way_ns takes; empty: all.
  std::function<bool(const OneWay&)> takes;
  std::function<double(const RoundTrip&)> round_trip_ns;
  std::function<Latencies(const RoundTrip&)> round_trip_latencies;
  std::function<double(const Spawn&)> spawn_ns;
  std::function<double(std::uint64_t agents)> bytes_per_agent;
};

inline constexpr const char* kRawCafSide = "raw CAF";
inline constexpr const char* kFramesSide = "Myelin, single frames";
inline constexpr const char* kBatchesSide = "Myelin, batches";

/// Raw CAF first: it is the baseline.
[[nodiscard]] std::vector<MessagingSide> messaging_sides();

struct MessagingPlan {
  std::vector<std::size_t> workers{1, 2};
  bool quick = false;
  std::stop_token stop = {};
};

// The names of the cases.
[[nodiscard]] std::string one_way_name(std::size_t payload_bytes, PayloadSource source, std::size_t workers);
[[nodiscard]] std::string round_trip_name(std::size_t workers);

/// In the order of the report. A group's cases are measured together (compare_together()): their figures are compared.
/// Units: "ns" or "B"; less is better.
[[nodiscard]] std::vector<std::vector<Case>> messaging_cases(const std::vector<MessagingSide>& sides,
                                                             const MessagingPlan& plan);

/// How many agents the memory question makes.
[[nodiscard]] std::uint64_t agents_for_memory(bool quick);

}  // namespace myelin::tool
