/// Which executor a block gets, by what blocks like it have cost.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "execution/outline.hpp"
#include "myelin/base/time.hpp"
#include "myelin/consensus/state_machine.hpp"

namespace myelin::consensus {

/// Blocks that are alike: in how they can be executed, in the work of a transaction, and in size.
struct BlockKind {
  bool are_keys_named = false;
  unsigned work = 0;  ///< log2 of the mean of work_of()
  unsigned size = 0;  ///< log2 of the transactions, halved

  [[nodiscard]] static BlockKind of(const Outline& outline) noexcept;
};

/// Sequential, or what suits the block's keys, whichever cost less of late. What it does not use it tries now and then,
/// on the first part of a block: but only as long as all trials together have cost a fiftieth of the time at most. So
/// it is hardly ever worse than sequential, and finds out when that changes.
///
/// Decides about cost alone: results are the same. **Thread-safety**: thread-compatible.
class Chooser {
 public:
  struct Choice {
    Executor executor = Executor::sequential;
    Executor trial = Executor::sequential;
    std::size_t trial_tasks = 0;  ///< So many at the block's start are for `trial`; 0 for none.
  };

  [[nodiscard]] Choice choose(const BlockKind& kind, std::size_t tasks) noexcept;
  /// `tasks` of a block of this kind took so long. **Requires**: tasks > 0.
  void learn(const BlockKind& kind, Executor executor, std::size_t tasks, Duration cost, bool is_trial) noexcept;

 private:
  static constexpr unsigned kWorks = 16;
  static constexpr unsigned kSizes = 12;

  /// Picoseconds a transaction; 0: not known.
  using Cost = std::uint64_t;
  struct Costs {
    Cost sequential = 0;
    Cost parallel = 0;
    bool is_sequential_first = false;  // The cost is that of one time alone.
    bool is_parallel_first = false;
    std::uint64_t blocks_since_trial = 0;
    std::uint64_t trial_interval = 0;
  };

  [[nodiscard]] Costs& costs_of(const BlockKind& kind) noexcept;
  [[nodiscard]] static bool is_parallel_best(const Costs& costs) noexcept;

  std::array<Costs, 2 * kWorks * kSizes> costs_{};
  Cost spent_ = 0;  // in all
  Cost lost_ = 0;   // in trials, beyond what the best would have cost
};

}  // namespace myelin::consensus
