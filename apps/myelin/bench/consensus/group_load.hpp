/// A group of validators under load: how much it executes, how long callers wait, what that costs.
#pragma once

#include <stop_token>

#include "bench/consensus/group_setup.hpp"
#include "bench/consensus/loader.hpp"
#include "myelin/base/result.hpp"
#include "myelin/base/time.hpp"

namespace myelin::tool {

struct LoadFigures {
  double transactions_a_second = 0;
  double p50_ns = 0;  ///< Of calls, from the client's call to f + 1 equal answers; 0 where none was answered.
  double p99_ns = 0;
  double failed_share = 0;  ///< Of calls.
  double cores = 0;         ///< Processor time of all processes, to the time that passed.
  double cpu_ns = 0;        ///< Processor time, to transactions executed.
  double log_bytes = 0;     ///< Left in a validator's log at the end, to transactions: a log begins anew now and then.
  double signatures = 0;    ///< That all validators check, to transactions.
  double signatures_a_call = 0;    ///< Checked together.
  double transactions_a_sync = 0;  ///< 0 where nothing is synced.
  double disk_bytes = 0;  ///< That all validators have written to disks, to transactions; 0 on a disk in memory.
  double wire_bytes = 0;  ///< Over the loopback interface, whoever else used it, to transactions; 0 in one process.
};

/// How long it takes.
struct LoadTimes {
  Duration warm_up = std::chrono::milliseconds{700};
  Duration measured = std::chrono::seconds{2};
};

/// Starts a group, loads it, measures, and ends it. What is left of a stopped measurement means nothing.
/// **Errors**: those of starting a group, its folder and its processes.
[[nodiscard]] Result<LoadFigures> measure_load(const GroupSetup& setup, const Load& load, const LoadTimes& times,
                                               const std::stop_token& stop);

/// Transactions a second of one state machine alone, that executes commits of hundreds of such batches one after
/// the other: no agents, no messages, no group.
[[nodiscard]] double bare_executor_rate(std::size_t transaction_bytes, Duration measured);

}  // namespace myelin::tool
