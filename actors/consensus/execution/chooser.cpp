#include "execution/chooser.hpp"

#include <algorithm>
#include <bit>

namespace myelin::consensus {

namespace {

constexpr std::uint64_t kPicosecondsPerNanosecond = 1000;

// Below this many transactions, or this much time, waking a thread costs what it brings.
constexpr std::size_t kTogetherTasksMin = 64;
constexpr std::uint64_t kTogetherCostMin = 100'000 * kPicosecondsPerNanosecond;

// A trial's part of the block, and the fewest transactions that tell anything.
constexpr std::size_t kTrialPart = 16;
constexpr std::size_t kTrialTasksMin = 256;
// Blocks between trials of what is known to be worse: few at first, for the first trials say least, then twice as many
// each time.
constexpr std::uint64_t kTrialIntervalMin = 2;
constexpr std::uint64_t kTrialIntervalMax = 32;
// Trials may cost one in so many of all the time.
constexpr std::uint64_t kTrialBudget = 50;

}  // namespace

BlockKind BlockKind::of(const Outline& outline) noexcept {
  if (outline.count == 0) return {};
  return {.are_keys_named = outline.are_keys_named,
          .work = static_cast<unsigned>(std::bit_width(outline.work / outline.count)),
          .size = static_cast<unsigned>(std::bit_width(outline.count)) / 2};
}

Chooser::Costs& Chooser::costs_of(const BlockKind& kind) noexcept {
  const unsigned work = std::min(kind.work, kWorks - 1), size = std::min(kind.size, kSizes - 1);
  return costs_[((kind.are_keys_named ? 1 : 0) * kWorks + work) * kSizes + size];
}

bool Chooser::is_parallel_best(const Costs& costs) noexcept {
  // By a twentieth at least: less may be chance.
  return costs.parallel != 0 && costs.parallel < costs.sequential - costs.sequential / 20;
}

Chooser::Choice Chooser::choose(const BlockKind& kind, std::size_t tasks) noexcept {
  Costs& costs = costs_of(kind);
  const Executor parallel = kind.are_keys_named ? Executor::scheduled : Executor::block_stm;
  if (costs.sequential == 0 || tasks < kTogetherTasksMin) return {};
  Choice choice;
  const bool is_parallel = is_parallel_best(costs);
  choice.executor = is_parallel ? parallel : Executor::sequential;
  choice.trial = is_parallel ? Executor::sequential : parallel;
  ++costs.blocks_since_trial;
  const Cost best = is_parallel ? costs.parallel : costs.sequential;
  const Cost other = is_parallel ? costs.sequential : costs.parallel;
  if (tasks < 2 * kTrialTasksMin || best * tasks < kTogetherCostMin) return choice;
  if (other != 0 && costs.blocks_since_trial < costs.trial_interval) return choice;
  const std::size_t part = std::max(kTrialTasksMin, tasks / kTrialPart);
  const Cost loss = other == 0 ? best : other > best ? other - best : 0;  // What is not known may cost twice as much.
  if ((lost_ + loss * part) * kTrialBudget > spent_) return choice;
  choice.trial_tasks = part;
  costs.blocks_since_trial = 0;
  costs.trial_interval = std::clamp(2 * costs.trial_interval, kTrialIntervalMin, kTrialIntervalMax);
  return choice;
}

void Chooser::learn(const BlockKind& kind, Executor executor, std::size_t tasks, Duration cost,
                    bool is_trial) noexcept {
  Costs& costs = costs_of(kind);
  const Cost all =
      static_cast<Cost>(std::max<Duration::rep>(1, std::chrono::nanoseconds{cost}.count())) * kPicosecondsPerNanosecond;
  const Cost each = std::max<Cost>(1, all / tasks);
  spent_ += all;
  if (is_trial) {
    const Cost best = executor == Executor::sequential ? costs.parallel : costs.sequential;
    if (each > best) lost_ += (each - best) * tasks;
  }
  const bool is_sequential = executor == Executor::sequential;
  Cost& known = is_sequential ? costs.sequential : costs.parallel;
  bool& is_first = is_sequential ? costs.is_sequential_first : costs.is_parallel_first;
  // The first time, memory was new to it: that counts only until there is a second.
  const bool is_new = known == 0;
  known = is_new || is_first ? each : (known + each) / 2;
  is_first = is_new;
}

}  // namespace myelin::consensus
