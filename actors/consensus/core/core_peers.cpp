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

void Core::Impl::take(ValidatorIndex from, FetchRequest&& request) {
  FetchReply reply{{}, dag_.forgotten()};
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
  FetchReply reply{{}, dag_.forgotten()};
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
  if (reply.vertices.size() > limits::kFetchMax) reply.vertices.resize(limits::kFetchMax);
  const Round quorum = proposer_.quorum_round();
  for (VertexPtr& vertex : reply.vertices) {
    if (halted_) return;
    arrive(std::move(vertex));
  }
  if (proposer_.quorum_round() > quorum) range_due_ = now_.steady;
  install_offered();  // The vertices may have voted for it.
  if (reply.forgotten >= needed_round() && !installing_ && offers_.ask(from, now_.steady)) {
    sync_.requested_of(from);
    emit(Send{from, SnapshotRequest{linearizer_.last().index}});
  }
}

// The lowest round without which one cannot go on.
Round Core::Impl::needed_round() const {
  return std::min(sync_.lowest_missing().value_or(proposer_.next_round()), proposer_.next_round());
}

void Core::Impl::take(ValidatorIndex from, SnapshotRequest&& request) {
  if (executed_.index <= request.above) return emit(Send{from, SnapshotReply{}});
  want_snapshot(from, snapshots_wanted_);
}

// The root after a commit that is not voted on is known only to who takes a snapshot there.
void Core::Impl::take(ValidatorIndex from, StatementRequest&& request) {
  for (const auto& [state, commit] : own_states_) {
    if (state.index == request.index && commit) {
      return emit(Send{from, statement_on({state.index, *commit}, state.digest)});
    }
  }
  if (request.index != executed_.index) return emit(Send{from, StatementReply{}});
  want_snapshot(from, statements_wanted_);
}

// One at a time.
void Core::Impl::want_snapshot(ValidatorIndex to, AuthorMask& wanted) {
  const bool is_awaited = ((snapshots_wanted_ | statements_wanted_) & mask_of(to)) != 0;
  wanted |= mask_of(to);
  if (!is_awaited) emit(SnapshotWanted{to});
}

StatementReply Core::Impl::statement_on(const IndexedDigest& commit, const Digest& state_root) const {
  return {make_statement(committee_.epoch(), self_, commit, state_root, *signer_)};
}

void Core::Impl::on(SnapshotTaken&& event) {
  const bool is_wanted = (snapshots_wanted_ & mask_of(event.to)) != 0;
  const bool is_statement_wanted = (statements_wanted_ & mask_of(event.to)) != 0;
  snapshots_wanted_ &= ~mask_of(event.to);
  statements_wanted_ &= ~mask_of(event.to);
  CommitTail tail = linearizer_.tail(event.state.index);
  const bool is_there = !event.bytes.empty() && tail.last_index() == event.state.index;
  if (is_statement_wanted) {
    emit(Send{event.to, is_there ? statement_on(tail.last(), event.state.digest) : StatementReply{}});
  }
  if (!is_wanted) return;
  if (!is_there) return emit(Send{event.to, SnapshotReply{}});
  emit(Send{event.to, SnapshotReply{std::make_shared<const Snapshot>(
                          Snapshot{std::move(tail), event.state.digest, std::move(event.bytes)})}});
}

// Not on one peer's word that what is missing can be had nowhere: a snapshot must lead beyond it.
bool Core::Impl::leads_on(const Snapshot& snapshot) const {
  const CommitTail& tail = snapshot.tail;
  return tail.last_index() > linearizer_.last().index && !tail.commits.empty() &&
         tail.commits.back().leader.round >= needed_round() + limits::kRoundsKept;
}

void Core::Impl::take(ValidatorIndex from, SnapshotReply&& reply) {
  if (!sync_.answered_by(from) || !offers_.answered_by(from)) return refuse(Refusal::unrequested);
  if (!reply.snapshot || installing_ || ended_) return;
  if (!reply.snapshot->tail.check(committee_) || !leads_on(*reply.snapshot)) return;
  const CommitIndex index = reply.snapshot->tail.last_index();
  offers_.add(from, std::move(reply.snapshot));
  install_offered();
  if (installing_) return;
  // Those who vote for it may have said so long ago, or not at all: where a group stands still, nobody votes on its
  // last state.
  for (std::size_t i = 0; i < committee_.size(); ++i) {
    const auto peer = static_cast<ValidatorIndex>(i);
    if (peer == self_) continue;
    sync_.requested_of(peer);
    emit(Send{peer, StatementRequest{index}});
  }
}

void Core::Impl::take(ValidatorIndex from, StatementReply&& reply) {
  if (!sync_.answered_by(from)) return refuse(Refusal::unrequested);
  if (!reply.statement) return;
  const auto& [commit, root, signature] = *reply.statement;
  if (votes_.note(from, commit, {commit.index, root})) check_states(commit.index);
  install_offered();
}

// One honest validator's word is enough, for what it has committed and executed is right; and with f validators down
// and one behind, there may be no more than that.
void Core::Impl::install_offered() {
  if (installing_ || halted_) return;
  offers_.remove_if([&](const Snapshot& offer) { return ended_ || !leads_on(offer); });
  installing_ = offers_.find([&](const Snapshot& offer) {
    return votes_.votes_for_commit(offer.tail.last()) >= committee_.one_honest() &&
           votes_.votes_for_state({offer.tail.last_index(), offer.state_root}) >= committee_.one_honest();
  });
  if (!installing_) return;
  offers_.clear();
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
  own_states_.assign(1, {executed_, linearizer_.last().digest});
  emit(Append{BaseRecord{snapshot->tail, collected}});
  if (own_last_) emit(Append{VertexRecord{own_last_}});
  emit(Sync{});
  std::ranges::sort(kept, {}, [](const VertexPtr& vertex) { return vertex->ref(); });
  for (const VertexPtr& vertex : kept) readmit(vertex);
  if (own_last_) readmit(own_last_);
  range_due_ = now_.steady;
}

}  // namespace myelin::consensus
