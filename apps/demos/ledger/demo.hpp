/// The ledger demo from the first account to the last balance.
#pragma once

#include <optional>
#include <stop_token>
#include <vector>

#include "demos/ledger/accounts.hpp"
#include "demos/ledger/record.hpp"
#include "demos/ledger/settings.hpp"
#include "myelin/validator/group.hpp"
#include "terminal/progress.hpp"

namespace myelin::ledger {

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

  Balances balances;         ///< Read in order, at the end.
  Result<void> balance{};    ///< Whether they add up.
  Result<void> agreement{};  ///< Whether the validators hold the same.
  std::vector<validator::ValidatorStatus> validators;

  [[nodiscard]] double transfers_a_second() const noexcept;
};

/// How often the demo looks at what goes on.
inline constexpr Duration kTick = std::chrono::milliseconds{200};

/// Runs it. After a stop request it makes no more transfers, and finds out the rest.
/// **Errors**: those of starting validators; an account that cannot be opened or read.
[[nodiscard]] Result<Findings> run_demo(const Settings& settings, tool::Progress& progress,
                                        const std::stop_token& stop);

/// Whether validators that have executed as much hold as much. **Errors**: corrupt_file, naming those that differ;
/// validator_halted, with its reason.
[[nodiscard]] Result<void> check_agreement(const std::vector<validator::ValidatorStatus>& validators);

}  // namespace myelin::ledger
