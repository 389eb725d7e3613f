/// What counts of execution come to.
#pragma once

#include <cstdint>

#include "myelin/consensus/state_machine.hpp"

namespace myelin::ledger {

/// 0 of none.
[[nodiscard]] constexpr double share(std::uint64_t part, std::uint64_t whole) noexcept {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

struct Rates {
  double run_again = 0;        ///< Runs of block_stm beyond the first of each transaction, to its transactions.
  double predictions_hit = 0;  ///< Commits executed ahead that were committed so, to all executed ahead.
  double executed_ahead = 0;   ///< Commits that were executed ahead and committed so, to all commits.
};
[[nodiscard]] Rates rates_of(const consensus::ExecutionMetrics& metrics) noexcept;

/// Places in ExecutionMetrics::transactions_by_executor.
inline constexpr std::size_t kBySequential = 0;
inline constexpr std::size_t kByScheduled = 1;
inline constexpr std::size_t kByBlockStm = 2;

}  // namespace myelin::ledger
