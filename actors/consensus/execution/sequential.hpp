/// Executes transactions one after the other, straight on the state: the result that all executors must have.
#pragma once

#include <span>

#include "execution/arena.hpp"
#include "execution/execute.hpp"
#include "execution/state_table.hpp"
#include "myelin/consensus/state_machine.hpp"

namespace myelin::consensus {

void execute_sequentially(StateTable& cells, const StateLimits& limits, WallTime time, std::span<const Task> tasks,
                          Arena& arena);

}  // namespace myelin::consensus
