/// The cases of `myelin bench messages`.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "bench/harness.hpp"
#include "bench/messaging.hpp"

namespace myelin::tool {

/// One side of the comparison: how it answers each question. The first side is the baseline.
struct MessagingSide {
  std::string name;
  std::function<double(const OneWay&)> one_way_ns;
  std::function<double(const RoundTrip&)> round_trip_ns;
  std::function<Latencies(const RoundTrip&)> round_trip_latencies;
  std::function<double(const Spawn&)> spawn_ns;
  std::function<double(std::uint64_t agents)> bytes_per_agent;
};

/// Raw CAF first.
[[nodiscard]] std::vector<MessagingSide> messaging_sides();

/// One question, and each side's way to measure it once.
struct MessagingCase {
  std::string name;
  std::string unit;  ///< "ns" or "B": of what a variant returns; less is better.
  std::vector<Variant> variants;
};

struct MessagingPlan {
  std::vector<std::size_t> workers{1, 2};
  bool quick = false;
  std::stop_token stop = {};
};

/// In the order of the report.
[[nodiscard]] std::vector<MessagingCase> messaging_cases(const std::vector<MessagingSide>& sides,
                                                         const MessagingPlan& plan);

/// How many agents the memory question makes.
[[nodiscard]] std::uint64_t agents_for_memory(bool quick);

}  // namespace myelin::tool
