/// When to propose: as soon as everyone who is expected has been heard, and not for ever after that.
///
/// A vertex of round r follows once a quorum of round r - 1 is there and every author that is not suspect (i) has its
/// vertex of r - 1 there, or (ii) is already further, having skipped it, or (iii) has been waited for long enough.
/// Waiting for all and not for a leader alone makes the votes of r - 1 reach those who will certify them. All of this
/// is about speed: no choice here can make validators disagree.
#pragma once

#include <vector>

#include "myelin/consensus/committee.hpp"
#include "myelin/consensus/core_options.hpp"
#include "myelin/consensus/dag/dag_store.hpp"

namespace myelin::consensus {

/// **Thread-safety**: thread-compatible.
class Proposer {
 public:
  Proposer(const Committee& committee, ValidatorIndex self, const CoreOptions& options);

  /// A vertex with a valid signature came, whether or not it can be accepted yet.
  void heard(ValidatorIndex author, Round round);
  /// A vertex was accepted: there may be a new quorum.
  void accepted(DagStore& dag, Round round, TimePoint now);
  /// A leader was committed: things move.
  void committed();
  /// Starts over from a state where rounds up to `quorum` are done.
  void restart(Round quorum, TimePoint now);
  /// The own vertex of `round` is out, or was before a restart.
  void proposed(Round round, TimePoint now);

  /// The round that is to be proposed, once it is time.
  [[nodiscard]] Round next_round() const noexcept { return quorum_round_ + 1; }
  /// Highest round of which a quorum is here.
  [[nodiscard]] Round quorum_round() const noexcept { return quorum_round_; }
  [[nodiscard]] Round own_round() const noexcept { return own_round_; }
  /// Highest round that a validator with no more than f colluders could not have made up.
  [[nodiscard]] Round credible_round() const;

  /// Whether to propose next_round() now. `has_work`: something waits for being ordered. Otherwise sets `later` to when
  /// to ask again, kNever for not before something comes.
  [[nodiscard]] bool is_time(DagStore& dag, bool has_work, TimePoint now, TimePoint& later);

  /// Whether there is a quorum of parents in whose histories nothing is missing that others could still need.
  [[nodiscard]] bool has_whole_parents(DagStore& dag) const;

  /// Rounds that went on without an author.
  [[nodiscard]] std::uint64_t timeouts() const noexcept { return timeouts_; }

 private:
  [[nodiscard]] bool has_parents(DagStore& dag) const;
  [[nodiscard]] AuthorMask own_if_not_there() const noexcept {
    return own_round_ == quorum_round_ ? AuthorMask{0} : mask_of(self_);
  }
  [[nodiscard]] AuthorMask late(DagStore& dag) const;
  [[nodiscard]] bool is_suspect(ValidatorIndex author) const;

  const Committee* committee_;
  ValidatorIndex self_;
  CoreOptions options_;
  std::vector<Round> heard_;  // by author, the highest round
  std::vector<unsigned> misses_;
  Round quorum_round_ = 0;
  TimePoint quorum_since_;
  Round own_round_ = 0;
  TimePoint last_proposed_;
  bool has_proposed_ = false;  // since the start: the first vertex waits for nothing
  Duration wait_;
  Round rounds_without_commit_ = 0;
  std::uint64_t timeouts_ = 0;
};

}  // namespace myelin::consensus
