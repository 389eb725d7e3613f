#include "myelin/consensus/dag/committer.hpp"

#include <bit>

namespace myelin::consensus {

namespace {

std::size_t count(AuthorMask mask) noexcept { return static_cast<std::size_t>(std::popcount(mask)); }

}  // namespace

Committer::Committer(const Committee& committee, DagStore& dag, const CommitRule& rule)
    : committee_{&committee}, dag_{&dag}, rule_{rule} {}

Committer::SlotRound& Committer::slots(Round round) {
  while (rounds_.size() <= round - next_round_) rounds_.emplace_back(*committee_);
  return rounds_[round - next_round_];
}

void Committer::decide(Round round, ValidatorIndex leader, DagNode* vertex, bool direct) {
  SlotRound& in = slots(round);
  in.undecided &= ~mask_of(leader);
  in.committed[leader] = vertex;
  if (!direct) in.indirect |= mask_of(leader);
  has_news_ = true;
}

void Committer::try_commit(DagNode& candidate) {
  if ((slots(candidate.round()).undecided & mask_of(candidate.author())) == 0) return;
  const AuthorMask support = rule_.commit_on_votes ? candidate.voters : candidate.certifiers;
  if (count(support) >= rule_.commit_quorum) decide(candidate.round(), candidate.author(), &candidate, true);
}

void Committer::try_skip(Round round, ValidatorIndex leader) {
  DagRound* const voting = dag_->round(round + 1);
  if (voting == nullptr || count(voting->seen) < rule_.skip_quorum) return;
  const auto lacks_votes = [&](const DagNode& candidate) {
    return count((voting->seen & ~candidate.voters) | candidate.two_minded) >= rule_.skip_quorum;
  };
  if (DagRound* const in = dag_->round(round)) {
    const DagNode& first = in->first[leader];
    if (first.vertex && !lacks_votes(first)) return;
    for (const auto& twin : in->twins) {
      if (twin->author() == leader && !lacks_votes(*twin)) return;
    }
  }
  decide(round, leader, nullptr, true);
}

void Committer::inserted(const DagNode& node) {
  const Round round = node.round();
  if (round >= next_round_ + 1) {
    // A slot that this vertex votes for gains nothing towards being skipped; but its leader may have a twin.
    DagRound* const before = dag_->round(round - 1);
    const bool has_twins = before != nullptr && !before->twins.empty();
    AuthorMask open = slots(round - 1).undecided;
    if (!has_twins) open &= ~node.votes;
    for (; open != 0; open &= open - 1) try_skip(round - 1, static_cast<ValidatorIndex>(std::countr_zero(open)));
    if (rule_.commit_on_votes && before != nullptr) {
      for (AuthorMask votes = node.votes; votes != 0; votes &= votes - 1) {
        try_commit(before->first[static_cast<std::size_t>(std::countr_zero(votes))]);
      }
      for (DagNode* const twin : node.votes_for_twins) try_commit(*twin);
    }
  }
  if (round >= next_round_ + 2 && !rule_.commit_on_votes) {
    DagRound* const leaders = dag_->round(round - 2);
    if (leaders == nullptr) return;
    for (AuthorMask open = node.certifies & slots(round - 2).undecided; open != 0; open &= open - 1) {
      try_commit(leaders->first[static_cast<std::size_t>(std::countr_zero(open))]);
    }
    for (DagNode* const twin : node.certifies_twins) try_commit(*twin);
  }
}

void Committer::take_decided(std::vector<Decision>& decisions) {
  for (;;) {
    if (rounds_.empty()) return;
    SlotRound& in = rounds_.front();
    const ValidatorIndex leader = committee_->leader(next_round_, next_place_);
    if ((in.undecided & mask_of(leader)) != 0) {
      if (!has_news_) return;
      decide_by_anchors();
      has_news_ = false;
      if ((in.undecided & mask_of(leader)) != 0) return;
    }
    decisions.push_back({next_round_, leader, in.committed[leader], (in.indirect & mask_of(leader)) == 0});
    if (++next_place_ == committee_->size()) {
      next_place_ = 0;
      ++next_round_;
      rounds_.pop_front();
    }
  }
}

void Committer::expected(std::vector<DagNode*>& leaders) {
  std::size_t place = next_place_;
  for (std::size_t i = 0; i < rounds_.size(); ++i, place = 0) {
    const Round round = next_round_ + i;
    DagRound* const in = dag_->round(round);
    for (; place < committee_->size(); ++place) {
      const ValidatorIndex leader = committee_->leader(round, place);
      if ((rounds_[i].undecided & mask_of(leader)) == 0) {
        if (rounds_[i].committed[leader] != nullptr) leaders.push_back(rounds_[i].committed[leader]);
        continue;
      }
      if (in == nullptr || !in->first[leader].vertex || !committee_->has_quorum(in->first[leader].voters)) return;
      leaders.push_back(&in->first[leader]);
    }
  }
}

// From the top down, since a slot's anchor lies above it.
void Committer::decide_by_anchors() {
  for (Round round = next_round_ + rounds_.size(); round-- > next_round_;) {
    if (slots(round).undecided == 0) continue;
    Decision anchor;
    if (find_anchor(round + rule_.anchor_gap, anchor)) decide_round_by_anchor(round, anchor);
  }
}

// The first slot at `from` or above that is not skipped, if it is committed.
bool Committer::find_anchor(Round from, Decision& anchor) {
  for (Round round = from; round - next_round_ < rounds_.size(); ++round) {
    const SlotRound& in = slots(round);
    for (std::size_t place = 0; place < committee_->size(); ++place) {
      const ValidatorIndex leader = committee_->leader(round, place);
      if ((in.undecided & mask_of(leader)) != 0) return false;
      if (in.committed[leader] != nullptr) {
        anchor = {round, leader, in.committed[leader], true};
        return true;
      }
    }
  }
  return false;
}

void Committer::decide_round_by_anchor(Round round, const Decision& anchor) {
  // All vertices that the anchor's history holds a certificate for.
  AuthorMask certified = 0;
  std::vector<DagNode*> certified_twins;
  const Round certificates = round + 2;
  const std::uint64_t walk = dag_->next_walk();
  std::vector<DagNode*> open{anchor.vertex};
  anchor.vertex->visited = walk;
  while (!open.empty()) {
    DagNode* const node = open.back();
    open.pop_back();
    if (node->round() == certificates) {
      certified |= node->certifies;
      certified_twins.insert(certified_twins.end(), node->certifies_twins.begin(), node->certifies_twins.end());
      continue;
    }
    for (const VertexRef& parent : node->vertex->parents()) {
      if (parent.round < certificates) continue;
      DagNode* const found = dag_->find(parent);
      if (found == nullptr || found->visited == walk) continue;
      found->visited = walk;
      open.push_back(found);
    }
  }
  DagRound* const leaders = dag_->round(round);
  for (AuthorMask undecided = slots(round).undecided; undecided != 0; undecided &= undecided - 1) {
    const auto leader = static_cast<ValidatorIndex>(std::countr_zero(undecided));
    DagNode* vertex = nullptr;
    if ((certified & mask_of(leader)) != 0) {
      vertex = &leaders->first[leader];
    } else {
      for (DagNode* const twin : certified_twins) {
        if (twin->author() == leader) vertex = twin;
      }
    }
    decide(round, leader, vertex, false);
  }
}

void Committer::restart_after(Round round, ValidatorIndex leader) {
  rounds_.clear();
  next_round_ = round;
  next_place_ = committee_->place_of(round, leader) + 1;
  if (next_place_ == committee_->size()) {
    next_place_ = 0;
    ++next_round_;
  }
}

}  // namespace myelin::consensus
