#include "demos/ledger/rates.hpp"

#include <algorithm>

namespace myelin::ledger {

Rates rates_of(const consensus::ExecutionMetrics& metrics) noexcept {
  const std::uint64_t by_stm = metrics.transactions_by_executor[kByBlockStm];
  const std::uint64_t again = metrics.stm_executions - std::min(metrics.stm_executions, by_stm);
  return {share(again, by_stm), share(metrics.predictions_hit, metrics.predictions),
          share(metrics.predictions_hit, metrics.commits)};
}

}  // namespace myelin::ledger
