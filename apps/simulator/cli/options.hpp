/// What the command line asks for.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "cluster/simulation.hpp"

namespace myelin::sim {

inline constexpr int kExitClean = 0;
inline constexpr int kExitViolated = 1;  ///< A promise was broken; or, with --expect-violation, none was.
inline constexpr int kExitUsage = 2;     ///< The command line makes no sense; nothing ran.

struct Options {
  RunOptions run;
  std::uint64_t first_seed = 1;
  std::uint64_t last_seed = 1'000;
  std::optional<std::chrono::minutes> soak;  ///< Fresh seeds for so long, from first_seed on.
  std::size_t jobs = 1;
  bool json = false;
  bool quiet = false;
  bool timeline = false;   ///< All of it, whether or not something is violated.
  std::size_t lines = 60;  ///< Of the timeline, before a violation.
  bool expects_violation = false;
  bool keeps_going = false;
};

/// The options, or the exit status of a command line that asks for help, or makes no sense: what there is to say has
/// then been printed.
[[nodiscard]] std::variant<Options, int> parse_options(int argc, const char* const* argv);

/// "myelin-sim --seed 7 --scenario disk": runs one seed once more.
[[nodiscard]] std::string replay_command(std::uint64_t seed, const RunOptions& run);

}  // namespace myelin::sim
