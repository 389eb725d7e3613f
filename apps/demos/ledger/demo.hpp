/// The ledger demo from the first account to the last balance.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "demos/ledger/accounts.hpp"
#include "demos/ledger/record.hpp"
#include "demos/ledger/settings.hpp"
#include "myelin/validator/group.hpp"
#include "terminal/progress.hpp"

namespace myelin::ledger {

/// A part of the time in which transfers were made.
struct Phase {
  std::string name;
  Duration length{0};
  tool::Latencies latencies;  ///< Of the transfers answered in it.
};

/// A validator that crashed, and came back. Times are from the first transfer.
struct Crash {
  std::size_t validator = 0;
  Duration crashed{0};
  std::optional<Duration> back;       ///< Started again; nothing, where the run was stopped before.
  std::optional<Duration> caught_up;  ///< Had executed what the others had executed when it came back.
};

/// Everything that a run found out.
struct Findings {
  Settings settings;
  bool is_complete = true;  ///< False where it was stopped before its time.

  std::size_t workers = 0;
  std::size_t opened = 0;  ///< Accounts that were not there before.
  Outcomes outcomes;
  tool::Latencies latencies;            ///< Of the answered transfers.
  Duration elapsed{0};                  ///< From the first transfer to the last answer.
  Duration cpu_time{0};                 ///< That the process used meanwhile, with all validators in it.
  std::vector<double> answered_a_tick;  ///< By time, kTick each.
  std::vector<Phase> phases;            ///< One; with a crash, the time before it, and while and after one was away.
  std::optional<Crash> crash;

  Balances balances;         ///< Read in order, at the end.
  Result<void> balance{};    ///< Whether they add up.
  Result<void> agreement{};  ///< Whether the validators hold the same.
  std::vector<validator::ValidatorStatus> validators;

  [[nodiscard]] double transfers_a_second() const noexcept;
};

/// How often the demo looks at what goes on.
inline constexpr Duration kTick = std::chrono::milliseconds{200};

/// Runs it. After a stop request it makes no more transfers, and finds out the rest.
/// **Errors**: those of check() and of starting validators; an account that cannot be opened or read.
[[nodiscard]] Result<Findings> run_demo(const Settings& settings, tool::Progress& progress,
                                        const std::stop_token& stop);

/// Whether all have executed commits up to this time, and hold as much. **Errors**: timeout, naming one that has not;
/// corrupt_file, naming those that differ; validator_halted, with its reason.
[[nodiscard]] Result<void> check_agreement(const std::vector<validator::ValidatorStatus>& validators,
                                           consensus::WallTime since);

}  // namespace myelin::ledger
