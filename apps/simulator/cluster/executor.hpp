/// One process's copy of the replicated state, and what it keeps of it on disk.
#pragma once

#include <cstddef>
#include <map>
#include <vector>

#include "myelin/consensus/committee.hpp"
#include "myelin/consensus/core.hpp"
#include "myelin/consensus/state_machine.hpp"

namespace myelin::sim {

/// A file that is replaced as a whole: it survives crashes, and is never half of anything.
struct SavedState {
  /// One epoch: what it started from, and the commit that ended it, or 0.
  struct EpochSpan {
    consensus::Epoch epoch = 0;
    consensus::Committee::Start start;
    consensus::CommitIndex last = 0;
  };
  std::vector<EpochSpan> epochs;  ///< Up to the one the state is in.
  consensus::IndexedDigest state;
  std::vector<std::byte> bytes;  ///< Empty for the empty state.
};

/// **Thread-safety**: thread-compatible.
class Executor {
 public:
  /// Starts from what the file holds. Throws Violation where that is not a state.
  Executor(const SavedState& saved, const consensus::ExecutionOptions& options);

  /// **Requires**: the commit is the next.
  [[nodiscard]] consensus::CommitOutcome apply(const consensus::Commit& commit);
  /// After the commit that ended the epoch.
  void begin_epoch(const consensus::Digest& last_commit);
  /// Returns whether the snapshot was good.
  [[nodiscard]] bool install(const consensus::Snapshot& snapshot);

  [[nodiscard]] consensus::StateMachine& machine() noexcept { return machine_; }
  [[nodiscard]] consensus::Epoch epoch() const noexcept { return epochs_.back().epoch; }
  [[nodiscard]] const std::vector<SavedState::EpochSpan>& epochs() const noexcept { return epochs_; }
  [[nodiscard]] consensus::CommitIndex applied() const noexcept { return machine_.applied(); }

  /// The state as it is now becomes the last that others can take over.
  void keep_snapshot();
  /// The last state of an epoch that others can take over: one that is voted on, if not kept on purpose. Null where
  /// there is none.
  [[nodiscard]] const SavedState* snapshot_of(consensus::Epoch epoch) const;
  [[nodiscard]] SavedState save();

 private:
  void keep_snapshot_if_voted_on();

  consensus::StateMachine machine_;
  std::vector<SavedState::EpochSpan> epochs_;
  std::map<consensus::Epoch, SavedState> snapshots_;
};

}  // namespace myelin::sim
