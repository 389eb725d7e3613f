#include "core/vote_book.hpp"

#include <algorithm>

#include "myelin/consensus/limits.hpp"

namespace myelin::consensus {

VoteBook::VoteBook(const Committee& committee) : by_author_(committee.size()) {}

bool VoteBook::remember(std::deque<IndexedDigest>& votes, const IndexedDigest& vote) {
  // Vertices come in any order; a liar's votes take up no more room than another's.
  if (vote.index == 0 || std::ranges::find(votes, vote) != votes.end()) return false;
  if (votes.size() == limits::kVotesRemembered) {
    if (vote.index < votes.front().index) return false;
    votes.pop_front();
  }
  votes.insert(std::ranges::upper_bound(votes, vote), vote);
  return true;
}

bool VoteBook::note(const Vertex& vertex) {
  Votes& votes = by_author_[vertex.author()];
  remember(votes.commits, vertex.commit_vote());
  return remember(votes.states, vertex.state_vote());
}

std::size_t VoteBook::votes_for_commit(const IndexedDigest& commit) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      by_author_, [&](const Votes& votes) { return std::ranges::find(votes.commits, commit) != votes.commits.end(); }));
}

std::size_t VoteBook::votes_for_state(const IndexedDigest& state) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      by_author_, [&](const Votes& votes) { return std::ranges::find(votes.states, state) != votes.states.end(); }));
}

std::size_t VoteBook::votes_against_state(const IndexedDigest& state, ValidatorIndex self) const {
  std::size_t against = 0;
  for (std::size_t author = 0; author < by_author_.size(); ++author) {
    if (author == self) continue;
    against += std::ranges::any_of(by_author_[author].states, [&](const IndexedDigest& vote) {
      return vote.index == state.index && vote.digest != state.digest;
    });
  }
  return against;
}

std::size_t VoteBook::commit_votes_from(CommitIndex index) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      by_author_, [&](const Votes& votes) { return !votes.commits.empty() && votes.commits.back().index >= index; }));
}

}  // namespace myelin::consensus
