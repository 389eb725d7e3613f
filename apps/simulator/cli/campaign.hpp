/// Many seeds on several threads.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <vector>

#include "cli/options.hpp"
#include "cluster/simulation.hpp"

namespace myelin::sim {

struct CampaignReport {
  std::uint64_t runs = 0;
  std::uint64_t violated = 0;       ///< Runs that ended with a violation.
  std::vector<RunReport> failures;  ///< The first of them, by seed, with their timelines.
  Tally tally;
  std::uint64_t fingerprint = 0;     ///< Of all runs together, in whatever order they ended.
  std::chrono::nanoseconds took{0};  ///< Real time.
  bool was_stopped = false;

  [[nodiscard]] double runs_an_hour() const noexcept;
};

/// Most violations that are kept with a timeline.
inline constexpr std::size_t kFailuresMax = 10;

/// Runs the seeds until they are done, the time is up, `stop` is requested, or a seed is violated and the options do
/// not say to go on. `progress` is called now and then, from one thread at a time.
[[nodiscard]] CampaignReport run_campaign(const Options& options, const std::stop_token& stop,
                                          const std::function<void(const CampaignReport&)>& progress);

}  // namespace myelin::sim
