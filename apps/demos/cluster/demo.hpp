/// The cluster demo: nodes of their own, readers on all of them, and one node that is killed in the middle.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "demos/cluster/foreman.hpp"
#include "myelin/base/result.hpp"
#include "process/environment.hpp"
#include "terminal/progress.hpp"

namespace myelin::reading {

struct Settings {
  std::size_t nodes = 4;
  std::size_t agents = 1000;
  Duration duration = std::chrono::seconds{9};
  bool kill = true;
  std::filesystem::path folder = {};  ///< Kept, with logs; empty: a temporary one.
  std::string data = {};              ///< The digits; empty: where they are looked for.
};

/// What became of the node that was killed. Times are from the kill, and from the command to start it again.
struct Crash {
  std::string node;
  std::uint64_t open = 0;                  ///< Questions that it had not answered.
  std::optional<Duration> first_error{};   ///< Until the first of them ended with an error.
  std::optional<Duration> seen_down{};     ///< Until the membership said that it is down.
  std::optional<Duration> seen_up{};       ///< After it was started again: until the membership said that it is up.
  std::optional<Duration> first_answer{};  ///< Until one of its readers answered again.
};

struct Findings {
  Settings settings;
  bool is_complete = true;  ///< False where it was stopped before its time.
  std::string folder;
  Duration start_up{0};  ///< From nothing to nodes that see each other.
  Duration hiring{0};    ///< To start the agents, from this process.
  Duration elapsed{0};   ///< From the first request to the last answer.
  Books::State books;
  std::optional<Crash> crash;
  std::uint64_t right = 0;  ///< Answers that are what the image shows.

  /// Whether every request was answered, and once. **Errors**: outcome_unknown, with what is missing.
  [[nodiscard]] Result<void> proof() const;
};

/// Runs it. After a stop request it gives out no more work, and ends as it does otherwise; the nodes end in any case.
/// **Errors**: those of the digits' file, of starting nodes and agents.
[[nodiscard]] Result<Findings> run_demo(const Settings& settings, const tool::Environment& environment,
                                        tool::Progress& progress, const std::stop_token& stop);

}  // namespace myelin::reading
