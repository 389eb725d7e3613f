#include "myelin/consensus/dag/linearizer.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>
#include <vector>

#include "myelin/consensus/limits.hpp"

namespace myelin::consensus {

namespace {

Round rounds_below(Round round, Round depth) noexcept { return round > depth ? round - depth : 0; }

}  // namespace

Linearizer::Linearizer(const Committee& committee, DagStore& dag) : committee_{&committee}, dag_{&dag} {
  before_ = last_ = {committee.start().index, committee.start().commit};
  time_ = committee.start().time;
}

// Over the round before alone: it holds a quorum of parents, so that the median lies between honest clocks.
WallTime Linearizer::time_of(const DagNode& leader) const {
  std::vector<WallTime> times;
  for (const VertexRef& parent : leader.vertex->parents()) {
    if (parent.round + 1 != leader.round()) continue;
    if (const DagNode* const node = dag_->find(parent)) times.push_back(node->vertex->time());
  }
  if (times.empty()) return time_;  // The parents are the genesis.
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::ranges::nth_element(times, middle);
  return std::max(time_, *middle);
}

Commit Linearizer::make_commit(DagNode& leader, std::vector<DagNode*>& found, CommitSummary& summary) {
  Commit commit;
  commit.index = last_.index + 1;
  commit.leader = leader.vertex->ref();
  commit.time = time_ = time_of(leader);

  std::vector<DagNode*> open;
  const auto visit = [&](DagNode& node) {
    node.committed = true;
    open.push_back(&node);
    found.push_back(&node);
  };
  if (!leader.committed) visit(leader);
  while (!open.empty()) {
    const DagNode& node = *open.back();
    open.pop_back();
    for (const VertexRef& parent : node.vertex->parents()) {
      if (parent.round <= collected_) continue;
      DagNode* const parent_node = dag_->find(parent);
      if (parent_node != nullptr && !parent_node->committed) visit(*parent_node);
    }
  }

  std::vector<std::pair<Digest, DagNode*>> ordered;
  ordered.reserve(found.size());
  for (DagNode* const node : found) {
    const bool alone = found.size() == 1;
    ordered.emplace_back(
        alone ? Digest{} : Hasher{Domain::order}.add(commit.leader.digest).add(node->vertex->digest()).finish(), node);
  }
  std::ranges::sort(ordered, [](const auto& a, const auto& b) {
    return std::pair{a.second->round(), a.first} < std::pair{b.second->round(), b.first};
  });

  summary = {commit.leader, {}, commit.time};
  summary.vertices.reserve(ordered.size());
  commit.vertices.reserve(ordered.size());
  for (const auto& [digest, node] : ordered) {
    summary.vertices.push_back(node->vertex->ref());
    commit.vertices.push_back(node->vertex);
  }
  commit.digest = commit_digest(last_.digest, commit.index, summary);
  last_ = commit.id();
  collected_ = std::max(collected_, rounds_below(leader.round(), limits::kRoundsKept));
  return commit;
}

Commit Linearizer::commit(DagNode& leader) {
  std::vector<DagNode*> found;
  CommitSummary summary;
  Commit commit = make_commit(leader, found, summary);
  recent_.push_back({std::move(summary), commit.digest});

  recent_above_ =
      std::max(recent_above_, rounds_below(leader.round(), 2 * limits::kRoundsKept + limits::kRoundsServed));
  while (recent_.size() > 1 && recent_[1].summary.leader.round <= recent_above_) {
    before_ = {before_.index + 1, recent_.front().digest};
    recent_.pop_front();
  }
  settled_.erase(settled_.begin(), settled_.lower_bound({collected_ + 1, 0, {}}));
  return commit;
}

std::vector<Commit> Linearizer::predict(std::span<DagNode* const> leaders) {
  const auto before = std::tuple{collected_, last_, time_};
  std::vector<Commit> commits;
  std::vector<DagNode*> found;
  std::vector<DagNode*> marked;
  CommitSummary summary;
  for (DagNode* const leader : leaders) {
    found.clear();
    commits.push_back(make_commit(*leader, found, summary));
    marked.insert(marked.end(), found.begin(), found.end());
  }
  for (DagNode* const node : marked) node->committed = false;
  std::tie(collected_, last_, time_) = before;
  return commits;
}

CommitTail Linearizer::tail(CommitIndex index) const {
  CommitTail tail{committee_->epoch(), before_, {}};
  if (index <= before_.index || index > last_.index) return tail;
  const auto end = recent_.begin() + static_cast<std::ptrdiff_t>(index - before_.index);
  const Round deepest = rounds_below(std::prev(end)->summary.leader.round, limits::kRoundsKept);
  if (deepest < recent_above_) return tail;
  // No more than one needs who starts from there, and the commit before that, which shows that nothing is left out.
  auto begin =
      std::find_if(recent_.begin(), end, [&](const Recent& commit) { return commit.summary.leader.round > deepest; });
  if (begin != recent_.begin()) --begin;
  const auto spare = static_cast<CommitIndex>(begin - recent_.begin());
  if (spare > 0) tail.before = {before_.index + spare, std::prev(begin)->digest};
  for (auto commit = begin; commit != end; ++commit) tail.commits.push_back(commit->summary);
  return tail;
}

std::optional<Digest> Linearizer::digest_at(CommitIndex index) const {
  if (index == before_.index) return before_.digest;
  if (index < before_.index || index > last_.index) return std::nullopt;
  return recent_[index - before_.index - 1].digest;
}

void Linearizer::restart(const CommitTail& tail) {
  before_ = tail.before;
  last_ = before_;
  recent_.clear();
  for (const CommitSummary& commit : tail.commits) {
    last_ = {last_.index + 1, commit_digest(last_.digest, last_.index + 1, commit)};
    recent_.push_back({commit, last_.digest});
  }
  settled_.clear();
  collected_ = recent_above_ = settled_below_ = 0;
  time_ = committee_->start().time;
  if (tail.commits.empty()) return;
  const CommitSummary& newest = tail.commits.back();
  time_ = newest.time;
  collected_ = recent_above_ = rounds_below(newest.leader.round, limits::kRoundsKept);
  // Later leaders stand in the newest leader's round or above, and their times come from the round before that.
  settled_below_ = rounds_below(newest.leader.round, 1);
  for (const CommitSummary& commit : tail.commits) {
    for (const VertexRef& ref : commit.vertices) {
      if (ref.round > collected_) settled_.insert(ref);
    }
  }
}

bool Linearizer::is_settled(const VertexRef& ref) const { return ref.round < settled_below_ && settled_.contains(ref); }

void Linearizer::inserted(DagNode& node) const {
  if (!settled_.empty() && settled_.contains(node.vertex->ref())) node.committed = true;
}

}  // namespace myelin::consensus
