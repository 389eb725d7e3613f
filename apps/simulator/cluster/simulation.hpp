/// One run: a cluster, its clients and its faults, from one seed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "checkers/violation.hpp"
#include "cluster/scenario.hpp"
#include "cluster/tally.hpp"

namespace myelin::sim {

struct RunOptions {
  Scenario scenario = Scenario::standard;
  Mutant mutant = Mutant::none;
  bool real_signatures = false;
  std::optional<std::size_t> validators{};  ///< None: the seed decides.
  std::size_t timeline_lines = 0;           ///< How many of the last are kept.
};

struct RunReport {
  std::uint64_t seed = 0;
  std::string plan;                    ///< One line.
  std::optional<Violation> violation;  ///< None: all promises were kept.
  Duration ended{0};                   ///< In virtual time.
  Tally tally;
  std::string timeline;
  /// Of all that happened: equal for equal seeds, or the simulation is not deterministic.
  std::uint64_t fingerprint = 0;
};

/// Runs one seed to its end, or to the first violation. **Thread-safety**: thread-safe; runs share nothing.
[[nodiscard]] RunReport run_seed(std::uint64_t seed, const RunOptions& options);

}  // namespace myelin::sim
