/// What happened in a run, in numbers: so that one sees whether the faults were there at all.
#pragma once

#include <cstdint>

namespace myelin::sim {

struct Tally {
  std::uint64_t steps = 0;       ///< Of the schedule.
  std::uint64_t messages = 0;    ///< Delivered between validators.
  std::uint64_t lost = 0;        ///< Messages.
  std::uint64_t rounds = 0;      ///< The highest, of all epochs together.
  std::uint64_t commits = 0;     ///< Executed.
  std::uint64_t operations = 0;  ///< That clients were answered.
  std::uint64_t retries = 0;     ///< Of clients.
  std::uint64_t partitions = 0;
  std::uint64_t crashes = 0;
  std::uint64_t torn_logs = 0;     ///< Found at a restart.
  std::uint64_t refused_logs = 0;  ///< Damaged: their validators do not vote again.
  std::uint64_t full_disks = 0;
  std::uint64_t failed_syncs = 0;
  std::uint64_t checkpoints = 0;
  std::uint64_t snapshots = 0;  ///< Installed.
  std::uint64_t epochs = 0;     ///< Begun, beyond the first.
  std::uint64_t accusations = 0;
  std::uint64_t refusals = 0;  ///< Vertices that honest validators refused for what they say.
  std::uint64_t attacks = 0;
  std::uint64_t skips = 0;     ///< Slots skipped, by whichever honest validator.
  std::uint64_t indirect = 0;  ///< Slots that an anchor decided.
  std::uint64_t replays = 0;   ///< Of logs, compared with what lives.
  std::uint64_t unchecked_histories = 0;

  /// Calls `visit(name, number)` for each.
  template <class Self, class Visit>
  static void for_each(Self& tally, Visit&& visit) {
    visit("steps", tally.steps);
    visit("messages", tally.messages);
    visit("lost", tally.lost);
    visit("rounds", tally.rounds);
    visit("commits", tally.commits);
    visit("operations", tally.operations);
    visit("retries", tally.retries);
    visit("partitions", tally.partitions);
    visit("crashes", tally.crashes);
    visit("torn_logs", tally.torn_logs);
    visit("refused_logs", tally.refused_logs);
    visit("full_disks", tally.full_disks);
    visit("failed_syncs", tally.failed_syncs);
    visit("checkpoints", tally.checkpoints);
    visit("snapshots", tally.snapshots);
    visit("epochs", tally.epochs);
    visit("accusations", tally.accusations);
    visit("refusals", tally.refusals);
    visit("attacks", tally.attacks);
    visit("skips", tally.skips);
    visit("indirect", tally.indirect);
    visit("replays", tally.replays);
    visit("unchecked_histories", tally.unchecked_histories);
  }
  void add(const Tally& other) {
    std::uint64_t values[64];
    std::size_t i = 0;
    for_each(other, [&](const char*, const std::uint64_t& value) { values[i++] = value; });
    i = 0;
    for_each(*this, [&](const char*, std::uint64_t& value) { value += values[i++]; });
  }
};

}  // namespace myelin::sim
