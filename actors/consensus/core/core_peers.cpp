// What validators ask each other, and what they make of the answers.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "core/core_impl.hpp"

namespace myelin::consensus {

namespace {

std::size_t bytes_of_vertex(const Vertex& vertex) noexcept {
  return (vertex.header().size() + vertex.payload().size()) * sizeof(capnp::word);
}

}  // namespace

FetchReply Core::Impl::empty_reply() const { return {{}, dag_.forgotten(), commit_vote_, state_vote_}; }

void Core::Impl::take(ValidatorIndex from, FetchRequest&& request) {
  FetchReply reply = empty_reply();
  std::size_t bytes = 0;
  if (request.refs.size() > limits::kFetchMax) request.refs.resize(limits::kFetchMax);
  std::ranges::sort(request.refs);
  request.refs.erase(std::unique(request.refs.begin(), request.refs.end()), request.refs.end());
  for (const VertexRef& ref : request.refs) {
    if (ref.author >= committee_.size()) continue;
    VertexPtr vertex;
    if (const DagNode* const node = dag_.find(ref)) vertex = node->vertex;
    if (!vertex && own_last_ && own_last_->ref() == ref) vertex = own_last_;
    if (!vertex) continue;
    bytes += bytes_of_vertex(*vertex);
    if (!reply.vertices.empty() && bytes > limits::kFetchReplyBytesMax) break;
    reply.vertices.push_back(std::move(vertex));
  }
  emit(Send{from, std::move(reply)});
}

void Core::Impl::take(ValidatorIndex from, RangeRequest&& request) {
  FetchReply reply = empty_reply();
  if (request.after >= dag_.highest()) return emit(Send{from, std::move(reply)});
  std::size_t bytes = 0;
  bool full = false;
  for (Round round = std::max(request.after, reply.forgotten) + 1; round <= dag_.highest() && !full; ++round) {
    DagStore::for_each(*dag_.round(round), [&](DagNode& node) {
      if (round == request.after + 1 && (request.have & mask_of(node.author())) != 0) return;
      bytes += bytes_of_vertex(*node.vertex);
      full = full || reply.vertices.size() >= limits::kFetchMax ||
             (!reply.vertices.empty() && bytes > limits::kFetchReplyBytesMax);
      if (!full) reply.vertices.push_back(node.vertex);
    });
  }
  emit(Send{from, std::move(reply)});
}

void Core::Impl::take(ValidatorIndex from, FetchReply&& reply) {
  if (!sync_.answered_by(from)) return refuse(Refusal::unrequested);
  if (votes_.note(from, reply.commit_vote, reply.state_vote)) check_states(reply.state_vote.index);
  if (reply.vertices.size() > limits::kFetchMax) reply.vertices.resize(limits::kFetchMax);
  const Round quorum = proposer_.quorum_round();
  for (VertexPtr& vertex : reply.vertices) {
    if (halted_) return;
    arrive(std::move(vertex));
  }
  if (proposer_.quorum_round() > quorum) range_due_ = now_.steady;
  if (reply.forgotten >= needed_round() && !installing_ && now_.steady >= snapshot_due_) {
    snapshot_due_ = time_after(now_.steady, options_.fetch_wait_max);
    sync_.requested_of(from);
    emit(Send{from, SnapshotRequest{linearizer_.last().index}});
  }
}

// The lowest round without which one cannot go on.
Round Core::Impl::needed_round() const {
  return std::min(sync_.lowest_missing().value_or(proposer_.next_round()), proposer_.next_round());
}

void Core::Impl::take(ValidatorIndex from, SnapshotRequest&& request) {
  if ((snapshots_wanted_ & mask_of(from)) != 0) return;  // One at a time.
  if (executed_.index <= request.above) return emit(Send{from, SnapshotReply{}});
  snapshots_wanted_ |= mask_of(from);
  emit(SnapshotWanted{from});
}

void Core::Impl::on(SnapshotTaken&& event) {
  snapshots_wanted_ &= ~mask_of(event.to);
  CommitTail tail = linearizer_.tail(event.state.index);
  if (event.bytes.empty() || tail.last_index() != event.state.index) return emit(Send{event.to, SnapshotReply{}});
  auto snapshot =
      std::make_shared<const Snapshot>(Snapshot{std::move(tail), event.state.digest, std::move(event.bytes)});
  emit(Send{event.to, SnapshotReply{std::move(snapshot)}});
}

// One honest validator's word is enough, for what it has committed and executed is right; and with f validators down
// and one behind, there may be no more than that.
void Core::Impl::take(ValidatorIndex from, SnapshotReply&& reply) {
  if (!sync_.answered_by(from)) return refuse(Refusal::unrequested);
  if (!reply.snapshot || installing_ || ended_) return;
  const CommitTail& tail = reply.snapshot->tail;
  if (!tail.check(committee_) || tail.last_index() <= linearizer_.last().index || tail.commits.empty()) return;
  // Not on one peer's word that what is missing can be had nowhere: a snapshot must lead beyond it.
  if (tail.commits.back().leader.round < needed_round() + limits::kRoundsKept) return;
  if (votes_.votes_for_commit(tail.last()) < committee_.one_honest()) return;
  if (votes_.votes_for_state({tail.last_index(), reply.snapshot->state_root}) < committee_.one_honest()) return;
  installing_ = std::move(reply.snapshot);
  emit(InstallSnapshot{installing_});
}

void Core::Impl::on(SnapshotInstalled&& event) {
  if (!installing_ || event.snapshot != installing_) return;
  const SnapshotPtr snapshot = std::exchange(installing_, nullptr);
  if (!event.good) return;
  ++metrics_.snapshots;
  std::set<VertexRef> committed;
  for (const CommitSummary& commit : snapshot->tail.commits) {
    committed.insert(commit.vertices.begin(), commit.vertices.end());
  }
  const Round leader = snapshot->tail.commits.back().leader.round;
  const Round collected = leader > limits::kRoundsKept ? leader - limits::kRoundsKept : 0;
  // What is here above the rounds that the snapshot collects stays of use; own batches below that came to nothing.
  std::vector<VertexPtr> kept = sync_.all_waiting();
  for (Round round = dag_.collected() + 1; round <= dag_.highest(); ++round) {
    DagStore::for_each(*dag_.round(round), [&](DagNode& node) {
      if (round > collected) {
        kept.push_back(node.vertex);
      } else if (node.author() == self_ && !node.committed && !node.vertex->payload().empty() &&
                 !committed.contains(node.vertex->ref())) {
        metrics_.requeued_batches += payload_.push_back_in(node.vertex->payload());
      }
    });
  }
  restart_from(snapshot->tail);
  executed_ = {snapshot->tail.last_index(), snapshot->state_root};
  state_vote_ = executed_;
  commit_vote_ = linearizer_.last();
  own_states_.assign(1, executed_);
  emit(Append{BaseRecord{snapshot->tail, collected}});
  if (own_last_) emit(Append{VertexRecord{own_last_}});
  emit(Sync{});
  std::ranges::sort(kept, {}, [](const VertexPtr& vertex) { return vertex->ref(); });
  for (const VertexPtr& vertex : kept) readmit(vertex);
  if (own_last_) readmit(own_last_);
  range_due_ = now_.steady;
}

}  // namespace myelin::consensus
