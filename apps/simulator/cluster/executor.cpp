#include "cluster/executor.hpp"

#include "checkers/violation.hpp"
#include "myelin/consensus/limits.hpp"

namespace myelin::sim {

Executor::Executor(const SavedState& saved, const consensus::ExecutionOptions& options)
    : machine_{options}, epochs_{saved.epochs} {
  if (saved.bytes.empty()) return;
  if (const auto restored = machine_.restore(saved.bytes, saved.state); !restored) {
    violate("a state can be read back", "{}", restored.error().message);
  }
  keep_snapshot_if_voted_on();
}

consensus::CommitOutcome Executor::apply(const consensus::Commit& commit) {
  auto outcome = machine_.apply(commit);
  if (!outcome) violate("commits are executed without a gap", "{}", outcome.error().message);
  keep_snapshot_if_voted_on();
  return std::move(*outcome);
}

void Executor::keep_snapshot_if_voted_on() {
  if (applied() % consensus::limits::kVoteInterval == 0 || machine_.has_ended()) keep_snapshot();
}

void Executor::keep_snapshot() {
  if (applied() == epochs_.back().start.index) return;
  SavedState& snapshot = snapshots_[epoch()];
  if (snapshot.state.index == applied() && !snapshot.bytes.empty()) return;
  snapshot.state = machine_.state();
  snapshot.bytes = machine_.snapshot();
}

void Executor::begin_epoch(const consensus::Digest& last_commit) {
  const consensus::IndexedDigest state = machine_.state();
  if (const auto begun = machine_.begin_epoch(); !begun) {
    violate("epochs follow each other", "{}", begun.error().message);
  }
  epochs_.back().last = state.index;
  epochs_.push_back({epoch() + 1, {last_commit, state.digest, state.index}, 0});
}

bool Executor::install(const consensus::Snapshot& snapshot) {
  if (!machine_.restore(snapshot.state, {snapshot.tail.last_index(), snapshot.state_root})) return false;
  keep_snapshot_if_voted_on();
  return true;
}

const SavedState* Executor::snapshot_of(consensus::Epoch epoch) const {
  const auto found = snapshots_.find(epoch);
  return found == snapshots_.end() ? nullptr : &found->second;
}

SavedState Executor::save() { return {epochs_, machine_.state(), machine_.snapshot()}; }

}  // namespace myelin::sim
