/// The commit rule: decides slot by slot whether a leader is committed or skipped.
///
/// Slot (round, place) belongs to the leader committee.leader(round, place); slots are in order of round, then place.
/// For a leader's vertex L of round r:
/// - a vote is a vertex of round r + 1 that has L as a parent;
/// - a certificate is a vertex of round r + 2 with a quorum of voting parents;
/// - L is committed directly once a quorum of authors have certificates;
/// - the slot is skipped directly once a quorum of authors were seen at r + 1 and for each known vertex of the slot a
///   quorum of authors have a vertex there that does not vote for it;
/// - else the anchor decides: the first slot in order at r + 3 or above that is not skipped. If that is committed, L is
///   committed where a certificate for it is in the anchor's history, and skipped otherwise; if that is undecided, so
///   is this.
/// Source: Mysticeti (arXiv 2310.14821), with every validator a leader in every round.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "myelin/consensus/committee.hpp"
#include "myelin/consensus/dag/dag_store.hpp"

namespace myelin::consensus {

/// The numbers in the rule. Only the model check ever takes others than of(), to show that it can tell.
struct CommitRule {
  std::size_t certificate_quorum = 0;  ///< Voting parents that make a certificate.
  std::size_t commit_quorum = 0;       ///< Authors of certificates that commit directly.
  std::size_t skip_quorum = 0;         ///< Authors without a vote that skip directly.
  Round anchor_gap = 3;                ///< Rounds from a slot to its anchor, at least.
  bool commit_on_votes = false;        ///< Whether a commit_quorum of votes commits, without certificates.

  [[nodiscard]] static CommitRule of(const Committee& committee) noexcept {
    return {committee.quorum(), committee.quorum(), committee.quorum()};
  }
};

/// What became of a slot.
struct Decision {
  Round round = 0;
  ValidatorIndex leader = 0;
  DagNode* vertex = nullptr;  ///< The committed vertex; null where the slot was skipped.
  bool direct = true;         ///< By votes alone, not by an anchor.
};

/// **Thread-safety**: thread-compatible.
class Committer {
 public:
  Committer(const Committee& committee, DagStore& dag, const CommitRule& rule);

  /// Takes note of a vertex that was just inserted. **Cost**: some ns a slot that it may decide.
  void inserted(const DagNode& node);

  /// The next slots that are decided, in order, without a gap from the last call; appended to `decisions`.
  void take_decided(std::vector<Decision>& decisions);

  /// The leaders that will probably be committed next, in order: those that are, behind slots that are still open, and
  /// those with a quorum of votes. Ends at the first slot of which neither can be said. **Cost**: that of the open
  /// slots.
  void expected(std::vector<DagNode*>& leaders);

  /// The first slot not handed out yet: its round.
  [[nodiscard]] Round next_round() const noexcept { return next_round_; }

  /// Goes on behind the slot of `leader` in `round`: all up to it are decided. **Requires**: nothing was inserted yet.
  void restart_after(Round round, ValidatorIndex leader);

 private:
  struct SlotRound {
    explicit SlotRound(const Committee& committee) : undecided{committee.everyone()}, committed(committee.size()) {}
    AuthorMask undecided;
    AuthorMask indirect = 0;
    std::vector<DagNode*> committed;  // by leader; null for skipped
  };

  SlotRound& slots(Round round);
  void decide(Round round, ValidatorIndex leader, DagNode* vertex, bool direct);
  void try_commit(DagNode& candidate);
  void try_skip(Round round, ValidatorIndex leader);
  void decide_by_anchors();
  void decide_round_by_anchor(Round round, const Decision& anchor);
  [[nodiscard]] bool find_anchor(Round from, Decision& anchor);

  const Committee* committee_;
  DagStore* dag_;
  CommitRule rule_;
  std::deque<SlotRound> rounds_;  // next_round_ and up
  Round next_round_ = 1;
  std::size_t next_place_ = 0;
  bool has_news_ = false;  // A slot was decided since anchors were last looked for.
};

}  // namespace myelin::consensus
