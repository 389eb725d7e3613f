/// Runs a block of transactions by the executor that was asked for, or that has measured best.
#pragma once

#include <span>

#include "execution/arena.hpp"
#include "execution/block_stm.hpp"
#include "execution/chooser.hpp"
#include "execution/execute.hpp"
#include "execution/outline.hpp"
#include "execution/scheduled.hpp"
#include "execution/state_table.hpp"
#include "myelin/consensus/state_machine.hpp"

namespace myelin::consensus {

/// **Thread-safety**: thread-compatible.
class BlockExecutor {
 public:
  /// **Requires**: both live as long.
  BlockExecutor(const ExecutionOptions& options, ExecutionMetrics& metrics) noexcept
      : options_{options}, metrics_{metrics}, block_stm_{options.faults} {}

  /// `outline`: of the tasks. `has_room`: the tasks cannot fill the state up; if they could, they run one after the
  /// other.
  void execute(StateTable& cells, WallTime time, std::span<const Task> tasks, const Outline& outline, bool has_room);

 private:
  void run_cheapest(StateTable& cells, WallTime time, std::span<const Task> tasks, const Outline& outline);
  void run(Executor executor, StateTable& cells, WallTime time, std::span<const Task> tasks, bool has_ranges);

  const ExecutionOptions& options_;
  ExecutionMetrics& metrics_;
  Arena arena_;
  Chooser chooser_;
  Scheduled scheduled_;
  BlockStm block_stm_;
};

}  // namespace myelin::consensus
