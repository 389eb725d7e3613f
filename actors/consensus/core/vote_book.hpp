/// What each validator last said it had committed and executed: what tells a true snapshot from a false one, and a
/// state that has gone astray.
#pragma once

#include <cstddef>
#include <deque>
#include <vector>

#include "myelin/consensus/committee.hpp"
#include "myelin/consensus/vertex.hpp"

namespace myelin::consensus {

/// Votes come out of any vertex with a valid signature, whether or not it can be accepted. Remembers the last
/// limits::kVotesRemembered of each kind and author. **Thread-safety**: thread-compatible.
class VoteBook {
 public:
  explicit VoteBook(const Committee& committee);

  /// Returns whether the vertex's vote on a state is new.
  bool note(const Vertex& vertex) { return note(vertex.author(), vertex.commit_vote(), vertex.state_vote()); }
  /// The same of votes that a validator itself told us.
  bool note(ValidatorIndex author, const IndexedDigest& commit_vote, const IndexedDigest& state_vote);

  /// How many validators voted for this commit.
  [[nodiscard]] std::size_t votes_for_commit(const IndexedDigest& commit) const;
  /// How many validators voted for this state.
  [[nodiscard]] std::size_t votes_for_state(const IndexedDigest& state) const;
  /// How many validators other than `self` voted for another state after the same commit.
  [[nodiscard]] std::size_t votes_against_state(const IndexedDigest& state, ValidatorIndex self) const;
  /// How many validators voted for a commit at or after `index`.
  [[nodiscard]] std::size_t commit_votes_from(CommitIndex index) const;

 private:
  struct Votes {
    std::deque<IndexedDigest> commits;  // sorted
    std::deque<IndexedDigest> states;
  };
  [[nodiscard]] static bool has(const std::deque<IndexedDigest>& votes, const IndexedDigest& vote);
  static bool remember(std::deque<IndexedDigest>& votes, const IndexedDigest& vote);

  std::vector<Votes> by_author_;
};

}  // namespace myelin::consensus
