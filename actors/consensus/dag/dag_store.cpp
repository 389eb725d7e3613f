#include "myelin/consensus/dag/dag_store.hpp"

#include <algorithm>
#include <array>
#include <cassert>

namespace myelin::consensus {

namespace {

// Counts, for each of 64 authors at once, how many masks had its bit: bit i of plane p is bit p of author i's count.
class VerticalCounter {
 public:
  void add(AuthorMask mask) noexcept {
    for (AuthorMask& plane : planes_) {
      const AuthorMask carry = plane & mask;
      plane ^= mask;
      mask = carry;
      if (mask == 0) return;
    }
  }

  // The authors counted at least `least` times.
  [[nodiscard]] AuthorMask at_least(std::size_t least) const noexcept {
    AuthorMask greater = 0;
    AuthorMask equal = ~AuthorMask{0};
    for (std::size_t plane = planes_.size(); plane-- > 0;) {
      if ((least >> plane & 1U) != 0) {
        equal &= planes_[plane];
      } else {
        greater |= equal & planes_[plane];
        equal &= ~planes_[plane];
      }
    }
    return greater | equal;
  }

 private:
  std::array<AuthorMask, 7> planes_{};  // counts to 127; there are 64 parents at most
};

template <class Visit>
void for_each_author(AuthorMask mask, Visit&& visit) {
  for (; mask != 0; mask &= mask - 1) visit(static_cast<std::size_t>(std::countr_zero(mask)));
}

}  // namespace

DagStore::DagStore(const Committee& committee, std::size_t certificate_quorum)
    : committee_{&committee}, certificate_quorum_{certificate_quorum} {}

DagRound& DagStore::round_for(Round round) {
  assert(round >= first_round_);
  while (highest() < round) rounds_.emplace_back(committee_->size());
  return rounds_[round - first_round_];
}

DagRound* DagStore::round(Round round) noexcept {
  if (round < first_round_ || round > highest()) return nullptr;
  return &rounds_[round - first_round_];
}

DagNode* DagStore::find(const VertexRef& ref) noexcept {
  DagRound* const in = round(ref.round);
  if (in == nullptr) return nullptr;
  DagNode& first = in->first[ref.author];
  if (first.vertex && first.vertex->digest() == ref.digest) return &first;
  for (const auto& twin : in->twins) {
    if (twin->author() == ref.author && twin->vertex->digest() == ref.digest) return twin.get();
  }
  return nullptr;
}

std::size_t DagStore::versions(Round round, ValidatorIndex author) noexcept {
  const DagRound* const in = this->round(round);
  if (in == nullptr || !in->first[author].vertex) return 0;
  return 1 + static_cast<std::size_t>(
                 std::ranges::count_if(in->twins, [&](const auto& twin) { return twin->author() == author; }));
}

DagNode& DagStore::insert(VertexPtr vertex) {
  assert(vertex->round() > collected_);
  DagRound& in = round_for(vertex->round());
  DagNode* node = &in.first[vertex->author()];
  const bool is_twin = node->vertex != nullptr;
  if (is_twin) node = in.twins.emplace_back(std::make_unique<DagNode>()).get();
  node->vertex = std::move(vertex);
  in.seen |= mask_of(node->author());
  ++size_;
  vertex_bytes_ += node->vertex->memory_bytes();
  record_votes(*node);
  record_certificates(*node);
  if (is_twin) record_two_minded(*node);
  return *node;
}

void DagStore::record_votes(DagNode& node) {
  const Round before = node.round() - 1;
  if (before <= collected_) return;
  DagRound* const in = round(before);
  if (in == nullptr) return;
  for (const VertexRef& parent : node.vertex->parents()) {
    if (parent.round != before) continue;
    DagNode& first = in->first[parent.author];
    if (first.vertex && first.vertex->digest() == parent.digest) {
      node.votes |= mask_of(parent.author);
      first.voters |= mask_of(node.author());
    } else if (DagNode* const twin = find(parent)) {
      node.votes_for_twins.push_back(twin);
      twin->voters |= mask_of(node.author());
    }
  }
}

void DagStore::record_certificates(DagNode& node) {
  const Round before = node.round() - 1;
  DagRound* const voting = round(before);
  DagRound* const voted = before > 0 ? round(before - 1) : nullptr;
  if (voting == nullptr || voted == nullptr || before <= collected_) return;
  VerticalCounter count;
  for_each_author(node.votes, [&](std::size_t author) { count.add(voting->first[author].votes); });
  for (const DagNode* const twin : node.votes_for_twins) count.add(twin->votes);
  node.certifies = count.at_least(certificate_quorum_);
  for_each_author(node.certifies,
                  [&](std::size_t author) { voted->first[author].certifiers |= mask_of(node.author()); });

  for (const auto& candidate : voted->twins) {
    const auto votes = [&](const DagNode& parent) {
      return std::ranges::find(parent.votes_for_twins, candidate.get()) != parent.votes_for_twins.end();
    };
    std::size_t votes_for = 0;
    for_each_author(node.votes, [&](std::size_t author) { votes_for += votes(voting->first[author]) ? 1U : 0U; });
    for (const DagNode* const twin : node.votes_for_twins) votes_for += votes(*twin) ? 1U : 0U;
    if (votes_for < certificate_quorum_) continue;
    node.certifies_twins.push_back(candidate.get());
    candidate->certifiers |= mask_of(node.author());
  }
}

// The author of `twin` has several vertices in its round: of what it voted for with one and not with another, it is
// both a voter and a non-voter.
void DagStore::record_two_minded(DagNode& twin) {
  DagRound* const before = round(twin.round() - 1);
  if (before == nullptr) return;
  const ValidatorIndex author = twin.author();
  for_each(*before, [&](DagNode& candidate) {
    if ((candidate.voters & mask_of(author)) == 0) return;
    const bool is_first = &candidate == &before->first[candidate.author()];
    const auto votes = [&](const DagNode& voter) {
      return is_first ? (voter.votes & mask_of(candidate.author())) != 0
                      : std::ranges::find(voter.votes_for_twins, &candidate) != voter.votes_for_twins.end();
    };
    bool all = true;
    for_each(*round(twin.round()), [&](DagNode& voter) {
      if (voter.author() == author) all = all && votes(voter);
    });
    if (!all) candidate.two_minded |= mask_of(author);
  });
}

}  // namespace myelin::consensus
