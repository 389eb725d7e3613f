/// How long a group takes to come back from its logs.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <stop_token>
#include <string>
#include <vector>

#include "bench/bars.hpp"
#include "bench/harness.hpp"
#include "myelin/base/result.hpp"

namespace myelin::tool {

/// Validators in this process, with synced logs that hold so many writes of 512 B, and no saved state: all is replayed.
/// (In use a state is saved every 64 MiB of payload, and after 10 s: at most that much is.)
struct RecoveryCase {
  std::string name;
  std::size_t validators = 1;
  std::uint64_t writes = 0;
  std::filesystem::path folder{};  ///< Holds their folders, while they are needed.
};

struct RecoveryFigures {
  double seconds = 0;    ///< From the start of the group to the first ordered read that is answered.
  double log_bytes = 0;  ///< Of one validator's log.
};

/// **Errors**: those of groups and their folders; io_error where a write is not there any more.
[[nodiscard]] Result<RecoveryFigures> measure_recovery(const RecoveryCase& recovery, const std::stop_token& stop);

/// A case's figures, one a round; fewer, or none, where it was stopped.
struct RecoveryResult {
  RecoveryCase recovery;
  std::vector<RecoveryFigures> rounds = {};
  bool complete = false;  ///< In all rounds; no bar is judged by what is not.

  /// Over the rounds. **Requires**: at least one.
  [[nodiscard]] Summary summary(double RecoveryFigures::*figure) const;
};

[[nodiscard]] std::vector<RecoveryCase> recovery_cases(bool quick, const std::filesystem::path& folder);
/// At most so many rounds: a million writes take long to make. **Errors**: those of measure_recovery().
[[nodiscard]] Result<std::vector<RecoveryResult>> run_recoveries(const std::vector<RecoveryCase>& cases, Rounds rounds,
                                                                 Progress& progress, const std::stop_token& stop);

[[nodiscard]] std::vector<Bar> recovery_bars(const std::vector<RecoveryResult>& results);
[[nodiscard]] std::string recovery_table(const std::vector<RecoveryResult>& results);

/// {"name", "complete", "validators", "writes", "figures": {"seconds", "log_bytes"}, "rounds": [...]}.
void to_json(nlohmann::json& json, const RecoveryResult& result);

}  // namespace myelin::tool
