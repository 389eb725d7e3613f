#include "execution/block_executor.hpp"

#include "execution/sequential.hpp"

namespace myelin::consensus {

void BlockExecutor::execute(StateTable& cells, WallTime time, std::span<const Task> tasks, bool) {
  execute_sequentially(cells, options_.limits, time, tasks, arena_);
  metrics_.transactions_by_executor[static_cast<std::size_t>(Executor::sequential)] += tasks.size();
}

}  // namespace myelin::consensus
