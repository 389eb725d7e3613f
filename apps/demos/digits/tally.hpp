/// What a round of questions came to.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "bench/statistics.hpp"
#include "myelin/base/result.hpp"
#include "myelin/base/time.hpp"

namespace myelin::digits {

/// What the mesh took one held-out image for.
struct Verdict {
  std::uint32_t image = 0;
  std::uint32_t digit = 0;
  float confidence = 0;  ///< 0 to 1
};

/// **Thread-safety**: thread-compatible.
struct Tally {
  std::uint64_t requests = 0;            ///< Asked, answered or not.
  std::map<Errc, std::uint64_t> failed;  ///< Not answered, by cause.
  tool::Latencies latencies;             ///< Of the answered ones.
  std::vector<Verdict> verdicts;         ///< One for each image at most.
  Duration elapsed{0};                   ///< From the first question to the last report.

  [[nodiscard]] std::uint64_t answered() const { return latencies.size(); }
  [[nodiscard]] std::uint64_t failures() const;
  /// Of all requests, 0 to 1; 1 where there were none.
  [[nodiscard]] double success_rate() const;
  /// Answered ones; 0 where no time passed.
  [[nodiscard]] double requests_a_second() const;
  /// Adds a later round of the same work; its verdicts are dropped, for each image counts once.
  void add_round(const Tally& round);
};

/// How many of the held-out images were taken for what they are; an image without a verdict was not.
/// **Requires**: each verdict's image < labels.size().
[[nodiscard]] std::size_t count_correct(std::span<const Verdict> verdicts, std::span<const std::uint8_t> labels);

}  // namespace myelin::digits
