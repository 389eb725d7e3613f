#include "myelin/consensus/core.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <utility>

#include "core/core_impl.hpp"

namespace myelin::consensus {

namespace {

// So many rounds behind what is credible, one asks for rounds and no longer for single vertices.
constexpr Round kRoundsBehindMax = 8;

}  // namespace

// The way in.

void Core::Impl::take(ValidatorIndex /*from*/, VertexPtr&& vertex) { arrive(std::move(vertex)); }

void Core::Impl::arrive(VertexPtr vertex) {
  if (vertex->epoch() != committee_.epoch()) return refuse(Refusal::wrong_epoch);
  const VertexRef ref = vertex->ref();
  if (votes_.note(*vertex)) check_states(vertex->state_vote().index);
  if (halted_) return;
  proposer_.heard(ref.author, ref.round);
  if (ref.round <= dag_.collected()) return refuse(Refusal::stale);
  if (dag_.find(ref) != nullptr || sync_.is_suspended(ref)) return refuse(Refusal::duplicate);
  if (ref.author == self_ && options_.halt_on_unknown_own && is_unknown_own(*vertex)) {
    return halt(
        fmt::format("our key signed vertex {} of round {}, which our log does not hold: the log was lost or put "
                    "back, or another process has our key. Join the next epoch with a new key",
                    to_string(ref), ref.round));
  }
  const bool requested = sync_.is_missing(ref);
  if (!requested && ref.round > proposer_.quorum_round() + limits::kRoundsAheadMax) return refuse(Refusal::far_future);

  const std::vector<VertexPtr> waiting = sync_.waiting(ref.round, ref.author);
  const std::size_t accepted = dag_.versions(ref.round, ref.author);
  if (accepted + waiting.size() > 0) {
    const Vertex& other = accepted > 0 ? *dag_.round(ref.round)->first[ref.author].vertex : *waiting.front();
    if (auto evidence = watch_.accuse(other, *vertex)) {
      ++metrics_.equivocations;
      emit(Accuse{std::move(*evidence)});
    }
    if (!requested && accepted + waiting.size() >= 2) return refuse(Refusal::third_version);
  }

  const std::vector<VertexRef> absent = absent_parents(*vertex);
  if (absent.empty()) {
    accept(std::move(vertex));
  } else if (!sync_.suspend(std::move(vertex), absent, now_.steady)) {
    refuse(Refusal::too_many_waiting);
  }
}

bool Core::Impl::is_unknown_own(const Vertex& vertex) {
  const Round last = own_last_ ? own_last_->round() : 0;
  if (vertex.round() > last) return true;
  if (vertex.round() == last) return vertex.digest() != own_last_->digest();
  // Older ones may be gone from memory, but not another one of the same round.
  return dag_.versions(vertex.round(), self_) > 0;
}

std::vector<VertexRef> Core::Impl::absent_parents(const Vertex& vertex) {
  std::vector<VertexRef> absent;
  for (const VertexRef& parent : vertex.parents()) {
    if (parent.round <= dag_.collected() || dag_.find(parent) != nullptr || linearizer_.is_settled(parent)) continue;
    absent.push_back(parent);
  }
  return absent;
}

void Core::Impl::accept(VertexPtr vertex) {
  ready_.push_back(std::move(vertex));
  accept_ready();
}

void Core::Impl::accept_ready() {
  while (!ready_.empty()) {
    const VertexPtr vertex = std::move(ready_.front());
    ready_.pop_front();
    if (vertex->round() <= dag_.collected()) continue;
    log(VertexRecord{vertex});
    insert(vertex);
  }
}

// What was committed elsewhere, or lies where our own DAG begins, others have.
Round Core::Impl::gap_of(const Vertex& vertex) {
  Round gap = 0;
  for (const VertexRef& parent : vertex.parents()) {
    if (const DagNode* const node = dag_.find(parent)) {
      gap = std::max(gap, node->gap);
    } else if (parent.round > began_ && !linearizer_.is_settled(parent)) {
      gap = std::max(gap, parent.round);
    }
  }
  return gap;
}

void Core::Impl::insert(VertexPtr vertex) {
  const VertexRef ref = vertex->ref();
  const Round gap = gap_of(*vertex);
  DagNode& node = dag_.insert(std::move(vertex));
  node.gap = gap;
  ++metrics_.accepted;
  linearizer_.inserted(node);
  if (!node.committed && !node.vertex->payload().empty()) ++payload_uncommitted_;
  committer_.inserted(node);
  proposer_.accepted(dag_, ref.round, now_.steady);
  std::ranges::move(sync_.accepted(ref), std::back_inserter(ready_));
  commit_decided();
}

void Core::Impl::note_own(const VertexPtr& vertex) {
  if (own_last_ && vertex->round() <= own_last_->round()) return;
  own_last_ = vertex;
  for (const VertexRef& parent : vertex->parents()) {
    included_[parent.author] = std::max(included_[parent.author], parent.round);
  }
  proposer_.proposed(vertex->round(), now_.steady);
}

// Commits.

void Core::Impl::commit_decided() {
  // What is being installed replaces what would be decided.
  if (installing_) return;
  decisions_.clear();
  committer_.take_decided(decisions_);
  if (decisions_.empty()) return;
  for (const Decision& decision : decisions_) {
    if (decision.vertex == nullptr) {
      ++(decision.direct ? metrics_.direct_skips : metrics_.indirect_skips);
      continue;
    }
    ++(decision.direct ? metrics_.direct_commits : metrics_.indirect_commits);
    commit(*decision.vertex);
  }
  collect();
}

void Core::Impl::commit(DagNode& leader) {
  Commit commit = linearizer_.commit(leader);
  ++metrics_.commits;
  while (!expected_.empty() && expected_.front().index < commit.index) expected_.pop_front();
  if (!expected_.empty() && expected_.front() == commit.id()) ++metrics_.expected_commits;
  metrics_.committed_vertices += commit.vertices.size();
  proposer_.committed();
  for (const VertexPtr& vertex : commit.vertices) {
    if (vertex->payload().empty()) continue;
    --payload_uncommitted_;
    if (vertex->author() == self_) own_committed_.emplace_back(commit.index, vertex);
  }
  if (ended_ && commit.index > *ended_) return;
  if (commit.index % limits::kVoteInterval == 0 || commit.index == ended_) commit_vote_ = commit.id();
  log(CommitRecord{commit.id()});
  // The state may have been on disk before the log's last records were.
  if (commit.index > executed_.index) emit(Committed{std::move(commit)});
}

// What has a quorum of votes now will have its certificates a message's delay later, but for faults.
void Core::Impl::expect() {
  if (!options_.expect_commits || ended_ || payload_uncommitted_ == 0) return;
  expected_leaders_.clear();
  committer_.expected(expected_leaders_);
  if (expected_leaders_.empty()) return;
  // Told again only once it is half as many more, so that all in all each is predicted a few times at most.
  const CommitIndex last = linearizer_.last().index;
  const std::size_t told = expected_to_ > last ? expected_to_ - last : 0;
  if (expected_leaders_.size() < told + std::max<std::size_t>(1, told / 2)) return;
  expected_to_ = last + expected_leaders_.size();
  std::vector<Commit> commits = linearizer_.predict(expected_leaders_);
  const bool worth_it = std::ranges::any_of(commits, [](const Commit& commit) {
    return std::ranges::any_of(commit.vertices, [](const VertexPtr& vertex) { return !vertex->payload().empty(); });
  });
  if (!worth_it) return;
  expected_.clear();
  for (const Commit& commit : commits) expected_.push_back(commit.id());
  emit(Expected{std::move(commits)});
}

void Core::Impl::collect() {
  const Round collected = linearizer_.collected();
  if (collected <= dag_.collected()) return;
  for (Round round = dag_.collected() + 1; round <= collected; ++round) {
    DagRound* const in = dag_.round(round);
    if (in == nullptr) continue;
    DagStore::for_each(*in, [&](DagNode& node) {
      if (node.committed || node.vertex->payload().empty()) return;
      --payload_uncommitted_;
      if (node.author() == self_ && !replaying_)
        metrics_.requeued_batches += payload_.push_back_in(node.vertex->payload());
    });
  }
  const Round forgotten = collected > limits::kRoundsServed ? collected - limits::kRoundsServed : 0;
  dag_.collect(collected, std::max(forgotten, dag_.forgotten()), [](DagNode&) {});
  watch_.collect(collected);
  std::ranges::move(sync_.collect(collected), std::back_inserter(ready_));
}

// Proposals and the passing of time.

void Core::Impl::advance() {
  accept_ready();
  commit_decided();
  TimePoint later = kNever;
  while (!halted_ && own_last_is_here() && proposer_.is_time(dag_, has_work(), now_.steady, later)) propose();
  if (halted_) return;
  expect();
  const std::size_t effects = effects_->size();
  sync_.ask(now_.steady, *effects_);
  metrics_.fetches += effects_->size() - effects;
  catch_up();
  help_stalled();
  wake_at(std::min({later, sync_.next_ask(), stall_due_}));
}

const DagNode* Core::Impl::newest_not_included(ValidatorIndex author, Round at_most, bool takes_gaps) {
  for (Round round = at_most; round > std::max(included_[author], dag_.collected()); --round) {
    const DagRound* const in = dag_.round(round);
    if (in == nullptr || !in->first[author].vertex) continue;
    // Only those of the round before count for a quorum.
    const bool is_needed = takes_gaps && round == at_most;
    if (is_needed || !in->first[author].has_gap_for(at_most + 1)) return &in->first[author];
  }
  return nullptr;
}

std::vector<VertexRef> Core::Impl::choose_parents() {
  std::vector<VertexRef> parents{own_last_ ? own_last_->ref() : committee_.genesis(self_)};
  const Round before = proposer_.quorum_round();
  const bool takes_gaps = !proposer_.has_whole_parents(dag_);
  for (std::size_t i = 0; i < committee_.size(); ++i) {
    const auto author = static_cast<ValidatorIndex>(i);
    if (author == self_) continue;
    if (before == 0) {
      parents.push_back(committee_.genesis(author));
    } else if (const DagNode* const node = newest_not_included(author, before, takes_gaps)) {
      parents.push_back(node->vertex->ref());
    }
  }
  return parents;
}

// The own chain must not have a gap in our own DAG: what is committed with the next own vertex hangs on the last one.
bool Core::Impl::own_last_is_here() {
  return !own_last_ || own_last_->round() <= dag_.collected() || dag_.find(own_last_->ref()) != nullptr ||
         linearizer_.is_settled(own_last_->ref());
}

void Core::Impl::propose() {
  VertexContent content;
  content.epoch = committee_.epoch();
  content.round = proposer_.next_round();
  content.author = self_;
  content.parents = choose_parents();
  content.commit_vote = commit_vote_;
  content.state_vote = state_vote_;
  content.time = now_.wall;
  const VertexPtr vertex = make_vertex(std::move(content), may_carry_payload() ? payload_.take() : Words{}, *signer_);
  ++metrics_.proposed;
  // It is on disk before anyone sees it, and so are its ancestors and whatever is decided with it.
  emit(Append{VertexRecord{vertex}});
  emit(Sync{});
  emit(Broadcast{vertex});
  note_own(vertex);
  votes_.note(*vertex);
  proposer_.heard(self_, vertex->round());
  insert(vertex);
  accept_ready();
}

ValidatorIndex Core::Impl::next_peer() {
  do {
    last_peer_ = static_cast<ValidatorIndex>((last_peer_ + 1) % committee_.size());
  } while (last_peer_ == self_);
  return last_peer_;
}

void Core::Impl::request_range(ValidatorIndex peer) {
  const Round quorum = proposer_.quorum_round();
  ++metrics_.fetches;
  sync_.requested_of(peer);
  const DagRound* const in = dag_.round(quorum);
  emit(Send{peer, RangeRequest{quorum > 0 ? quorum - 1 : 0, in != nullptr ? in->seen : AuthorMask{0}}});
}

void Core::Impl::catch_up() {
  if (committee_.size() == 1 || proposer_.credible_round() <= proposer_.quorum_round() + kRoundsBehindMax) return;
  if (now_.steady < range_due_) return;
  range_due_ = time_after(now_.steady, options_.fetch_wait_max);
  request_range(next_peer());
}

// Messages get lost: whoever hears nothing new says again what it said, and asks what it has missed.
void Core::Impl::help_stalled() {
  if (committee_.size() == 1) return;
  if (stall_due_ == kNever || proposer_.quorum_round() > stall_round_) {
    stall_round_ = proposer_.quorum_round();
    stall_wait_ = std::max(options_.stall_wait, 2 * options_.idle_interval);
    stall_due_ = time_after(now_.steady, stall_wait_);
  } else if (now_.steady >= stall_due_) {
    if (own_last_) emit(Broadcast{own_last_});
    request_range(next_peer());
    stall_wait_ = std::min(stall_wait_ * 2, std::max(options_.fetch_wait_max, stall_wait_));
    stall_due_ = time_after(now_.steady, stall_wait_);
  }
}

void Core::Impl::wake_at(TimePoint time) {
  if (time == last_wake_ || (time == kNever && last_wake_ == kNever)) return;
  last_wake_ = time;
  emit(WakeAt{time});
}

// Own batches, execution, votes.

void Core::Impl::on(Submitted&& event) {
  if (ended_) return emit(Returned{std::move(event.batch)});
  if (!payload_.push(event.batch)) emit(Overloaded{std::move(event.batch)});
}

void Core::Impl::on(Executed&& event) {
  const IndexedDigest& state = event.state;
  if (state.index <= executed_.index) return;
  executed_ = state;
  while (!ended_ && !own_committed_.empty() && own_committed_.front().first <= state.index) own_committed_.pop_front();
  if (state.index % limits::kVoteInterval != 0 && ended_ != state.index) return;
  state_vote_ = state;
  own_states_.push_back({state, linearizer_.digest_at(state.index)});
  if (own_states_.size() > limits::kVotesRemembered) own_states_.pop_front();
  check_states(state.index);
}

// Roots of states that differ after the same commit mean that execution is not deterministic, here or with them.
void Core::Impl::check_states(CommitIndex index) {
  if (index == 0) return;
  for (const auto& [state, commit] : own_states_) {
    if (state.index != index || votes_.votes_against_state(state, self_) < committee_.one_honest()) continue;
    halt(fmt::format(
        "the state after commit {} has root {} here, and another one with {} validators or more: execution is "
        "not deterministic, or the state is damaged",
        index, to_hex(state.digest), committee_.one_honest()));
  }
}

void Core::Impl::on(EpochEnded&& event) {
  if (ended_) return;
  ended_ = event.last;
  if (const auto digest = linearizer_.digest_at(event.last)) commit_vote_ = {event.last, *digest};
  if (executed_.index == event.last && executed_.digest != Digest{}) state_vote_ = executed_;
  for (PayloadBatch& batch : payload_.take_all()) emit(Returned{std::move(batch)});
  const auto give_back = [&](const Vertex& vertex) {
    for (const auto batch : batches_of(vertex.payload())) emit(Returned{PayloadBatch{batch.begin(), batch.end()}});
  };
  for (const auto& [index, vertex] : own_committed_) {
    if (index > event.last) give_back(*vertex);
  }
  own_committed_.clear();
  for (Round round = dag_.collected() + 1; round <= dag_.highest(); ++round) {
    DagStore::for_each(*dag_.round(round), [&](DagNode& node) {
      if (node.author() == self_ && !node.committed && !node.vertex->payload().empty()) give_back(*node.vertex);
    });
  }
}

void Core::Impl::start(Now now, Effects& effects) {
  now_ = now;
  effects_ = &effects;
  proposer_.restart(proposer_.quorum_round(), now.steady);
  if (own_last_) emit(Broadcast{own_last_});
  if (own_last_) readmit(own_last_);
  advance();
}

void Core::Impl::step(Event event, Now now, Effects& effects) {
  if (halted_) return;
  now_ = now;
  effects_ = &effects;
  std::visit([&](auto&& what) { on(std::forward<decltype(what)>(what)); }, std::move(event));
  if (!halted_) advance();
}

CoreMetrics Core::Impl::metrics() const {
  CoreMetrics metrics = metrics_;
  metrics.timeouts = proposer_.timeouts();
  metrics.vertices = dag_.size();
  metrics.dag_bytes = dag_.memory_bytes();
  metrics.suspended = sync_.suspended();
  metrics.missing = sync_.missing();
  metrics.pending_batches = payload_.size();
  metrics.pending_bytes = payload_.bytes();
  return metrics;
}

// The facade.

Core::Core(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
Core::Core(Committee committee, ValidatorIndex self, const Signer& signer, const CoreOptions& options)
    : impl_{std::make_unique<Impl>(std::move(committee), self, signer, options)} {}
Core::~Core() = default;
Core::Core(Core&&) noexcept = default;
Core& Core::operator=(Core&&) noexcept = default;

Result<Core> Core::recover(Committee committee, ValidatorIndex self, const Signer& signer, const CoreOptions& options,
                           std::span<const LogRecord> records, CommitIndex executed, Effects& effects) {
  auto impl = std::make_unique<Impl>(std::move(committee), self, signer, options);
  if (auto replayed = impl->replay(records, executed, effects); !replayed) {
    return tl::unexpected<Error>{std::move(replayed.error())};
  }
  return Core{std::move(impl)};
}

void Core::start(Now now, Effects& effects) { impl_->start(now, effects); }
void Core::step(Event event, Now now, Effects& effects) { impl_->step(std::move(event), now, effects); }
std::vector<LogRecord> Core::checkpoint(CommitIndex executed) const { return impl_->checkpoint(executed); }
const Committee& Core::committee() const noexcept { return impl_->committee_; }
ValidatorIndex Core::self() const noexcept { return impl_->self_; }
Round Core::round() const noexcept { return impl_->proposer_.own_round(); }
Round Core::collected() const noexcept { return impl_->dag_.collected(); }
IndexedDigest Core::last_commit() const noexcept { return impl_->linearizer_.last(); }
bool Core::halted() const noexcept { return impl_->halted_; }
bool Core::has_finished() const noexcept {
  return impl_->ended_ && impl_->votes_.commit_votes_from(*impl_->ended_) >= impl_->committee_.quorum();
}
CoreMetrics Core::metrics() const { return impl_->metrics(); }

}  // namespace myelin::consensus
