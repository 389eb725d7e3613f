/// What a validator says of itself.
#pragma once

#include <cstdint>
#include <string>

#include "myelin/consensus/core_metrics.hpp"
#include "myelin/consensus/state_machine.hpp"
#include "myelin/consensus/types.hpp"

namespace myelin::validator {

struct ValidatorStatus {
  consensus::Epoch epoch = 0;
  consensus::Round round = 0;             ///< Of the last own vertex.
  consensus::CommitIndex committed = 0;   ///< The last commit.
  consensus::CommitIndex executed = 0;    ///< The last commit whose transactions were executed.
  consensus::CommitIndex saved = 0;       ///< The last commit after which the state was saved.
  consensus::WallTime executed_time = 0;  ///< That commit's, nanoseconds since 1970.
  consensus::CoreMetrics core{};
  consensus::ExecutionMetrics execution{};
  std::uint64_t keys = 0;  ///< In the state.
  std::uint64_t log_bytes = 0;
  std::uint64_t syncs = 0;            ///< Of the log.
  std::uint64_t letters_refused = 0;  ///< Messages of peers that were no letters, or of strangers.
  std::uint64_t signatures_checked = 0;
  std::uint64_t signature_calls = 0;  ///< In which those were checked, many at a time.
  std::uint64_t clients_waiting = 0;
  std::uint64_t accusations = 0;  ///< Validators caught at signing two vertices of one round.
  bool has_ended = false;         ///< Its epoch is over, and it has on disk what the next starts from.
  std::string waiting;            ///< What it waits for before it can take part; empty while it does.
  std::string halted;             ///< Why it stopped for good; empty while it runs.
};

}  // namespace myelin::validator
