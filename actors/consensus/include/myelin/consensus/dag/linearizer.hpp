/// Turns decided leaders into commits: which vertices each brings in, in which order, and what the commit's digest and
/// time are. All of it is a function of the sequence of leaders and their histories, so all validators compute the
/// same.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "myelin/consensus/commit.hpp"
#include "myelin/consensus/dag/dag_store.hpp"

namespace myelin::consensus {

/// **Thread-safety**: thread-compatible.
class Linearizer {
 public:
  Linearizer(const Committee& committee, DagStore& dag);

  /// The next commit, of this leader: the vertices of its history that are in none yet and above the collected rounds,
  /// lower rounds first, and within a round by a digest that nobody can aim at. **Cost**: that of the vertices it
  /// brings.
  [[nodiscard]] Commit commit(DagNode& leader);

  /// The commits that commit() would make of these leaders, one after the other, if they came next. Changes nothing.
  [[nodiscard]] std::vector<Commit> predict(std::span<DagNode* const> leaders);

  /// What is collected after the last commit: limits::kRoundsKept below the last leader.
  [[nodiscard]] Round collected() const noexcept { return collected_; }
  [[nodiscard]] IndexedDigest last() const noexcept { return last_; }

  /// The commits up to `index`, as far back as one needs who starts from there. Empty `commits` and another
  /// `last_index()` where `index` is too long ago: limits::kRoundsServed before the last leader.
  [[nodiscard]] CommitTail tail(CommitIndex index) const;

  /// The digest of a commit; nothing where it was too long ago.
  [[nodiscard]] std::optional<Digest> digest_at(CommitIndex index) const;

  /// Goes on from there. **Requires**: tail.check() found it good, and the DAG is empty.
  void restart(const CommitTail& tail);

  /// Whether a vertex that is not in the DAG is in a commit of restart()'s tail, and so deep that its content is of no
  /// use.
  [[nodiscard]] bool is_settled(const VertexRef& ref) const;

  /// Marks a vertex that came in after restart() and is in a commit of its tail.
  void inserted(DagNode& node) const;

 private:
  struct Recent {
    CommitSummary summary;
    Digest digest;
  };

  // A commit after `last_` with what it took from the DAG; its vertices are marked as committed.
  [[nodiscard]] Commit make_commit(DagNode& leader, std::vector<DagNode*>& found, CommitSummary& summary);
  [[nodiscard]] WallTime time_of(const DagNode& leader) const;

  const Committee* committee_;
  DagStore* dag_;
  Round collected_ = 0;
  IndexedDigest before_;  // The commit before the first of recent_.
  std::deque<Recent> recent_;
  Round recent_above_ = 0;  // All commits whose leader stands above this round are in recent_, and one more.
  IndexedDigest last_;
  WallTime time_ = 0;
  std::set<VertexRef> settled_;  // Committed in restart()'s tail, and above collected_.
  Round settled_below_ = 0;      // No later commit looks at a settled vertex below this round.
};

}  // namespace myelin::consensus
