/// What `myelin bench network` measures of each side.
#pragma once

#include <cstddef>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "bench/harness.hpp"
#include "bench/network/sides.hpp"

namespace myelin::tool {

/// One question to every side that takes it; it may have several figures.
struct NetworkCase {
  struct Figure {
    std::string name;  ///< Of the comparison.
    std::string unit;  ///< "ns", of which less is better, or "B/s".
  };
  std::vector<Figure> figures;
  std::size_t item_bytes = 0;  ///< Of what the figure is a time an item; 0 where it is none.
  std::function<bool(const NetworkSide&)> is_put_to;
  /// As many values as figures.
  std::function<Result<std::vector<double>>(const NetworkSide&)> measure;
};

// The names of figures that promises are about.
inline constexpr const char* kOneByOne = "64 B, one by one";
inline constexpr const char* kTogether = "64 B, 256 together";
inline constexpr const char* kKibibyte = "1 KiB";
inline constexpr const char* kLarge = "64 KiB";
inline constexpr const char* kMebibyte = "1 MiB";
inline constexpr const char* kQuestionAtRest = "question at rest, p50";
inline constexpr const char* kControlAtRest = "control message at rest, p50";
inline constexpr const char* kControlUnderBulk = "control message under 1 MiB bulk, p50";
inline constexpr const char* kReady = "start of a process until it is ready";
inline constexpr const char* kKillNoticed = "kill -9 until an open question fails";
inline constexpr const char* kSilenceNoticed = "SIGSTOP until an open question fails";

/// In the order of the report; the one with a figure of the name `only`, else those with `only` in the name of one.
[[nodiscard]] std::vector<NetworkCase> network_cases(bool quick, const std::string& only, const std::stop_token& stop);

/// Each case's sides in turns, round after round. A broken-off round is dropped.
/// **Errors**: those of the sides.
[[nodiscard]] Result<std::vector<Comparison>> run_network_cases(const std::vector<NetworkCase>& cases,
                                                                const std::vector<NetworkSide>& sides, Rounds rounds,
                                                                Progress& progress, const std::stop_token& stop);

}  // namespace myelin::tool
