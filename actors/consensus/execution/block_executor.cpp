#include "execution/block_executor.hpp"

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

void BlockExecutor::execute(StateTable& cells, WallTime time, std::span<const Task> tasks, const Outline& outline,
                            bool has_room) {
  if (tasks.empty()) return;
  if (!has_room) return run(Executor::sequential, cells, time, tasks, outline.has_ranges);
  if (options_.executor == Executor::automatic) return run_cheapest(cells, time, tasks, outline);
  const bool is_stm = options_.executor == Executor::scheduled && !outline.are_keys_named;
  run(is_stm ? Executor::block_stm : options_.executor, cells, time, tasks, outline.has_ranges);
}

void BlockExecutor::run_cheapest(StateTable& cells, WallTime time, std::span<const Task> tasks,
                                 const Outline& outline) {
  if (!options_.clock || !options_.workers || options_.workers->size() < 2) {
    return run(Executor::sequential, cells, time, tasks, outline.has_ranges);
  }
  const BlockKind kind = BlockKind::of(outline);
  const Chooser::Choice choice = chooser_.choose(kind, tasks.size());
  const auto run_part = [&](Executor executor, std::span<const Task> part, bool is_trial) {
    if (part.empty()) return;
    const TimePoint begin = options_.clock->now();
    run(executor, cells, time, part, outline.has_ranges);
    chooser_.learn(kind, executor, part.size(), options_.clock->now() - begin, is_trial);
  };
  run_part(choice.trial, tasks.first(choice.trial_tasks), true);
  run_part(choice.executor, tasks.subspan(choice.trial_tasks), false);
}

void BlockExecutor::run(Executor executor, StateTable& cells, WallTime time, std::span<const Task> tasks,
                        bool has_ranges) {
  OneWorker alone;
  Workers& workers = options_.workers ? *options_.workers : alone;
  if (executor == Executor::block_stm) {
    const bool is_done = block_stm_.execute(cells, time, tasks, has_ranges, workers);
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
