#include "execution/block_executor.hpp"

#include <algorithm>

#include "execution/sequential.hpp"

namespace myelin::consensus {

namespace {

/// The caller's thread alone.
class OneWorker final : public Workers {
 public:
  [[nodiscard]] std::size_t size() const noexcept override { return 1; }
  void run(const std::function<void(std::size_t)>& work) override { work(0); }
};

}  // namespace

void BlockExecutor::execute(StateTable& cells, WallTime time, std::span<const Task> tasks, bool has_room) {
  Executor executor = has_room ? options_.executor : Executor::sequential;
  if (executor == Executor::automatic) executor = Executor::sequential;
  const bool are_named = std::ranges::all_of(tasks, [](const Task& task) { return names_its_keys(*task.transaction); });
  if (executor == Executor::scheduled && !are_named) executor = Executor::block_stm;
  run(executor, cells, time, tasks);
}

void BlockExecutor::run(Executor executor, StateTable& cells, WallTime time, std::span<const Task> tasks) {
  OneWorker alone;
  Workers& workers = options_.workers ? *options_.workers : alone;
  if (executor == Executor::block_stm) {
    const bool is_done = block_stm_.execute(cells, time, tasks, workers);
    metrics_.stm_executions += block_stm_.executions();
    metrics_.stm_validations += block_stm_.validations();
    if (!is_done) {
      ++metrics_.stm_fallbacks;
      executor = Executor::sequential;
    }
  }
  if (executor == Executor::scheduled) scheduled_.execute(cells, time, tasks, workers);
  if (executor == Executor::sequential) execute_sequentially(cells, options_.limits, time, tasks, arena_);
  metrics_.transactions_by_executor[static_cast<std::size_t>(executor)] += tasks.size();
}

}  // namespace myelin::consensus
