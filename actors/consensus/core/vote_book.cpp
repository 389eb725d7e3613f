#include "core/vote_book.hpp"

#include <algorithm>

#include "myelin/consensus/limits.hpp"

namespace myelin::consensus {

VoteBook::VoteBook(const Committee& committee) : by_author_(committee.size()) {}

bool VoteBook::has(const std::deque<IndexedDigest>& votes, const IndexedDigest& vote) {
  return std::ranges::binary_search(votes, vote);
}

bool VoteBook::remember(std::deque<IndexedDigest>& votes, const IndexedDigest& vote) {
  // Vertices come in any order; a liar's votes take up no more room than another's.
  if (vote.index == 0 || has(votes, vote)) return false;
  if (votes.size() == limits::kVotesRemembered) {
    if (vote.index < votes.front().index) return false;
    votes.pop_front();
  }
  votes.insert(std::ranges::upper_bound(votes, vote), vote);
  return true;
}

bool VoteBook::note(ValidatorIndex author, const IndexedDigest& commit_vote, const IndexedDigest& state_vote) {
  Votes& votes = by_author_[author];
  remember(votes.commits, commit_vote);
  return remember(votes.states, state_vote);
}

std::size_t VoteBook::votes_for_commit(const IndexedDigest& commit) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(by_author_, [&](const Votes& votes) { return has(votes.commits, commit); }));
}

std::size_t VoteBook::votes_for_state(const IndexedDigest& state) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(by_author_, [&](const Votes& votes) { return has(votes.states, state); }));
}

std::size_t VoteBook::votes_against_state(const IndexedDigest& state, ValidatorIndex self) const {
  std::size_t against = 0;
  for (std::size_t author = 0; author < by_author_.size(); ++author) {
    if (author == self) continue;
    const std::deque<IndexedDigest>& votes = by_author_[author].states;
    // Not equal_range(), of which clang 14 cannot make anything with GCC's library.
    auto vote = std::ranges::lower_bound(votes, state.index, {}, &IndexedDigest::index);
    while (vote != votes.end() && vote->index == state.index && vote->digest == state.digest) ++vote;
    against += vote != votes.end() && vote->index == state.index ? 1U : 0U;
  }
  return against;
}

std::size_t VoteBook::commit_votes_from(CommitIndex index) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      by_author_, [&](const Votes& votes) { return !votes.commits.empty() && votes.commits.back().index >= index; }));
}

}  // namespace myelin::consensus
