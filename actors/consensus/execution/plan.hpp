/// What a commit comes down to: which of its batches are to be executed, and a task for each transaction of theirs.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "execution/execute.hpp"
#include "execution/outline.hpp"
#include "execution/state.hpp"
#include "myelin/consensus/reply.hpp"
#include "myelin/consensus/state_machine.hpp"
#include "myelin/consensus/transaction.hpp"

namespace myelin::consensus {

/// Decoded and sorted out, not yet executed. The tasks write their replies into `outcomes`.
struct Plan {
  /// A batch that is executed now.
  struct Admitted {
    std::size_t outcome;
    ClientId client;
    Sequence sequence;
  };
  /// A batch that is a duplicate of one before it in the same commit.
  struct Copy {
    std::size_t outcome;
    std::size_t of;
  };

  CommitIndex index = 0;
  WallTime time = 0;
  std::vector<Batch> batches;  ///< Of those that are executed: what their tasks' transactions lie in.
  std::vector<BatchOutcome> outcomes;
  std::vector<Task> tasks;
  Outline outline;  ///< Of the tasks.
  std::vector<Admitted> admitted;
  std::vector<Copy> copies;
};

/// Decodes a commit's batches and asks the sessions which are new. Changes nothing.
/// `sessions_max`: clients that may be known. `workers`: null for none.
[[nodiscard]] Plan make_plan(const State& state, const OrderedBatches& ordered, std::size_t sessions_max,
                             Workers* workers);

/// Takes the values out of replies beyond the commit's bound. `bytes`: of the commit's replies before; counts on.
void cut_replies(std::span<const Task> tasks, std::size_t& bytes);

/// After its tasks: answers the duplicates, and puts down in the sessions what was answered.
void finish_plan(Plan& plan, State& state);

}  // namespace myelin::consensus
