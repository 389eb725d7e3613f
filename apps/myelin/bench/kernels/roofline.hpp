/// The machine's measured limits, and a picture of cases under them.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "bench/kernels/family.hpp"

namespace myelin::tool::kernel_bench {

/// Of one thread, or of several together.
struct Limits {
  std::size_t threads = 1;
  double gflops = 0;      ///< Multiply-adds in registers.
  double memory_gbs = 0;  ///< Read from an array that no cache holds.
  double l2_gbs = 0;      ///< Read from one of 128 KiB a thread.
};

/// **Cost**: about a second. `workers`: null for one thread.
[[nodiscard]] Limits measure_limits(kernels::Workers* workers);

/// "peak 98.1 GFLOP/s, memory 12.3 GB/s, L2 80.1 GB/s on one thread".
[[nodiscard]] std::string to_string(const Limits& limits);

void to_json(nlohmann::json& json, const Limits& limits);

/// Whether a case has a point in the picture: it counts floating-point operations, and was measured.
[[nodiscard]] bool has_place_under_roofs(const Measured& measured);

/// An SVG document: operations a byte across, GFLOP/s up, both on logarithmic scales that reach all points; the limits
/// as roofs, the cases as points in a colour a family, each with its name and figures as a tooltip; a legend.
[[nodiscard]] std::string draw_roofline(const std::vector<Measured>& cases, const std::vector<Limits>& limits,
                                        const std::string& machine);

}  // namespace myelin::tool::kernel_bench
