/// The accepted vertices of the rounds that are not collected yet, and who voted for what.
///
/// Votes and certificates are kept as author masks and updated as a vertex comes in, so that no rule ever rescans: the
/// cost of an insert depends on the size of the committee, not on how long it has been running.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <memory>
#include <vector>

#include "myelin/consensus/committee.hpp"
#include "myelin/consensus/limits.hpp"
#include "myelin/consensus/vertex.hpp"

namespace myelin::consensus {

/// A vertex in the DAG, with what later vertices say about it. Stays where it is in memory until it is collected.
struct DagNode {
  VertexPtr vertex;
  bool committed = false;  ///< In a commit already.
  Round gap = 0;  ///< The highest round of which something in its history was never here; 0: nothing is missing.

  // What it says itself.
  AuthorMask votes = 0;                   ///< Authors of the round before whose first-seen vertex is a parent.
  std::vector<DagNode*> votes_for_twins;  ///< Parents in the round before that were not seen first.
  AuthorMask certifies = 0;  ///< Authors two rounds before whose first-seen vertex it is a certificate for.
  std::vector<DagNode*> certifies_twins;  ///< The same of vertices that were not seen first.

  // What others say of it.
  AuthorMask voters = 0;      ///< Authors with a vertex in the next round that has this one as a parent.
  AuthorMask two_minded = 0;  ///< Of the voters, those with another vertex in the next round that has not.
  AuthorMask certifiers = 0;  ///< Authors with a vertex two rounds on that is a certificate for this one.

  std::uint64_t visited = 0;  ///< Number of the last walk that came by.

  /// Whether others may be unable to accept what a vertex of `round` says about it: see limits::kGapMatters.
  [[nodiscard]] bool has_gap_for(Round round) const noexcept { return gap > 0 && gap + limits::kGapMatters > round; }

  [[nodiscard]] Round round() const noexcept { return vertex->round(); }
  [[nodiscard]] ValidatorIndex author() const noexcept { return vertex->author(); }
};

/// The vertices of one round.
struct DagRound {
  explicit DagRound(std::size_t authors) : first(authors) {}

  std::vector<DagNode> first;                   ///< By author, the one seen first; a null vertex for none.
  std::vector<std::unique_ptr<DagNode>> twins;  ///< Those that came after it: their authors equivocate.
  AuthorMask seen = 0;                          ///< Authors with a vertex.
};

/// **Thread-safety**: thread-compatible.
class DagStore {
 public:
  /// `certificate_quorum`: how many parents with a vote make a certificate.
  DagStore(const Committee& committee, std::size_t certificate_quorum);

  /// Adds a vertex. **Requires**: it is not here, its round is above collected(), and each parent is here, settled or
  /// at or below collected().
  DagNode& insert(VertexPtr vertex);

  /// The vertex; null where it is not here.
  [[nodiscard]] DagNode* find(const VertexRef& ref) noexcept;
  /// The round; null where no vertex of it or a later one was ever inserted, or it is gone.
  [[nodiscard]] DagRound* round(Round round) noexcept;
  /// Vertices of `author` in `round`, as seen: at most `limit` are looked for.
  [[nodiscard]] std::size_t versions(Round round, ValidatorIndex author) noexcept;

  /// Rounds up to this one take no part any more.
  [[nodiscard]] Round collected() const noexcept { return collected_; }
  /// Rounds up to this one are gone; those between are kept for others to fetch.
  [[nodiscard]] Round forgotten() const noexcept { return first_round_ - 1; }
  [[nodiscard]] Round highest() const noexcept { return first_round_ + rounds_.size() - 1; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// Bytes of memory that the vertices and what is said of them take, the allocator's own left out.
  [[nodiscard]] std::size_t memory_bytes() const noexcept {
    return vertex_bytes_ + rounds_.size() * (sizeof(DagRound) + committee_->size() * sizeof(DagNode));
  }
  [[nodiscard]] bool is_empty() const noexcept { return size_ == 0; }

  /// Takes rounds up to `collected` out of play, and forgets those up to `forgotten`, handing each of their vertices to
  /// `last_look`. **Requires**: neither goes back; forgotten <= collected.
  template <class LastLook>
  void collect(Round collected, Round forgotten, LastLook&& last_look) {
    collected_ = collected;
    while (!rounds_.empty() && first_round_ <= forgotten) {
      for_each(rounds_.front(), [&](DagNode& node) {
        last_look(node);
        --size_;
        vertex_bytes_ -= node.vertex->memory_bytes();
      });
      rounds_.pop_front();
      ++first_round_;
    }
    if (rounds_.empty()) first_round_ = std::max(first_round_, forgotten + 1);
  }

  /// Visits each vertex of a round, first-seen ones by author, then twins as they came.
  template <class Visit>
  static void for_each(DagRound& round, Visit&& visit) {
    for (DagNode& node : round.first) {
      if (node.vertex) visit(node);
    }
    for (const auto& twin : round.twins) visit(*twin);
  }

  /// A number no earlier walk had, for DagNode::visited.
  [[nodiscard]] std::uint64_t next_walk() noexcept { return ++walks_; }

 private:
  DagRound& round_for(Round round);
  void record_votes(DagNode& node);
  void record_certificates(DagNode& node);
  void record_two_minded(DagNode& twin);

  const Committee* committee_;
  std::size_t certificate_quorum_;
  std::deque<DagRound> rounds_;  // first_round_ and up
  Round first_round_ = 1;
  Round collected_ = 0;
  std::size_t size_ = 0;
  std::size_t vertex_bytes_ = 0;
  std::uint64_t walks_ = 0;
};

}  // namespace myelin::consensus
