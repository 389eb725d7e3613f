#include "myelin/consensus/core.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <deque>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "core/equivocation.hpp"
#include "core/payload_queue.hpp"
#include "core/proposer.hpp"
#include "core/synchroniser.hpp"
#include "core/vote_book.hpp"
#include "myelin/consensus/dag/committer.hpp"
#include "myelin/consensus/dag/dag_store.hpp"
#include "myelin/consensus/dag/linearizer.hpp"
#include "myelin/consensus/limits.hpp"

namespace myelin::consensus {

namespace {

// So many rounds behind what is credible, one asks for rounds and no longer for single vertices.
constexpr Round kRoundsBehindMax = 8;

std::size_t bytes_of_vertex(const Vertex& vertex) noexcept {
  return (vertex.header().size() + vertex.payload().size()) * sizeof(capnp::word);
}

}  // namespace

class Core::Impl {
 public:
  Impl(Committee committee, ValidatorIndex self, const Signer& signer, const CoreOptions& options)
      : committee_{std::move(committee)},
        self_{self},
        signer_{&signer},
        options_{options},
        rule_{CommitRule::of(committee_)},
        dag_{committee_, rule_.certificate_quorum},
        committer_{committee_, dag_, rule_},
        linearizer_{committee_, dag_},
        sync_{committee_, self, options},
        proposer_{committee_, self, options},
        votes_{committee_},
        payload_{options.payload_bytes_max},
        included_(committee_.size()),
        executed_{committee_.start().index, committee_.start().state_root} {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Result<void> replay(std::span<const LogRecord> records, CommitIndex executed, Effects& effects);
  void start(Now now, Effects& effects);
  void step(Event event, Now now, Effects& effects);
  [[nodiscard]] std::vector<LogRecord> checkpoint(CommitIndex executed) const;
  [[nodiscard]] CoreMetrics metrics() const;

  void on(Received&& event) {
    std::visit([&](auto&& message) { take(event.from, std::forward<decltype(message)>(message)); },
               std::move(event.message));
  }
  void on(Rejected&& event) { refuse(event.reason); }
  void on(Submitted&& event);
  void on(Executed&& event);
  void on(SnapshotTaken&& event);
  void on(SnapshotInstalled&& event);
  void on(EpochEnded&& event);
  void on(Woken&&) { last_wake_ = kNever; }

  void take(ValidatorIndex from, VertexPtr&& vertex);
  void take(ValidatorIndex from, FetchRequest&& request);
  void take(ValidatorIndex from, RangeRequest&& request);
  void take(ValidatorIndex from, FetchReply&& reply);
  void take(ValidatorIndex from, SnapshotRequest&& request);
  void take(ValidatorIndex from, SnapshotReply&& reply);

  // A vertex's way in.
  void arrive(VertexPtr vertex);
  [[nodiscard]] bool is_unknown_own(const Vertex& vertex);
  [[nodiscard]] std::vector<VertexRef> absent_parents(const Vertex& vertex);
  void accept(VertexPtr vertex);
  void accept_ready();
  void insert(VertexPtr vertex);
  void note_own(const VertexPtr& vertex);

  // What follows from it.
  void commit_decided();
  void commit(DagNode& leader);
  [[nodiscard]] FetchReply empty_reply() const;
  [[nodiscard]] Round needed_round() const;
  void expect();
  void collect();
  void advance();
  void propose();
  [[nodiscard]] bool own_last_is_here();
  void readmit(const VertexPtr& vertex);
  [[nodiscard]] std::vector<VertexRef> choose_parents();
  [[nodiscard]] const DagNode* newest_not_included(ValidatorIndex author, Round at_most);
  void help_stalled();
  void catch_up();
  void request_range(ValidatorIndex peer);
  void wake_at(TimePoint time);
  void check_states(CommitIndex index);
  void restart_from(const CommitTail& tail);
  [[nodiscard]] ValidatorIndex next_peer();

  void emit(Effect effect) { effects_->push_back(std::move(effect)); }
  void log(LogRecord record) {
    if (!replaying_) emit(Append{std::move(record)});
  }
  void refuse(Refusal reason) { ++metrics_.refused[static_cast<std::size_t>(reason)]; }
  void halt(std::string reason) {
    if (std::exchange(halted_, true)) return;
    emit(Halt{std::move(reason)});
  }
  [[nodiscard]] bool may_carry_payload() const {
    return !ended_ && linearizer_.last().index <= executed_.index + limits::kRoundsUnexecutedMax * committee_.size();
  }
  [[nodiscard]] bool has_work() const {
    return payload_uncommitted_ > 0 || (!payload_.is_empty() && may_carry_payload());
  }

  const Committee committee_;
  const ValidatorIndex self_;
  const Signer* signer_;
  const CoreOptions options_;
  const CommitRule rule_;
  DagStore dag_;
  Committer committer_;
  Linearizer linearizer_;
  Synchroniser sync_;
  Proposer proposer_;
  VoteBook votes_;
  EquivocationWatch watch_;
  PayloadQueue payload_;

  VertexPtr own_last_;
  std::vector<Round> included_;          // by author, the highest round that own vertices name as a parent
  std::size_t payload_uncommitted_ = 0;  // vertices in the DAG with a payload that is not committed
  std::deque<VertexPtr> ready_;          // all parents are there, not accepted yet
  std::deque<std::pair<CommitIndex, VertexPtr>> own_committed_;  // own payloads, committed and not executed

  IndexedDigest commit_vote_;
  IndexedDigest state_vote_;
  IndexedDigest executed_;
  std::deque<IndexedDigest> own_states_;  // those voted on, newest last
  std::optional<CommitIndex> ended_;
  SnapshotPtr installing_;
  AuthorMask snapshots_wanted_ = 0;  // by whom

  Now now_;
  Effects* effects_ = nullptr;
  std::vector<Decision> decisions_;
  std::vector<DagNode*> expected_leaders_;
  std::deque<IndexedDigest> expected_;  // last told
  CommitIndex expected_to_ = 0;         // the last commit that was predicted, told or not
  bool replaying_ = false;
  bool halted_ = false;
  TimePoint last_wake_ = kNever;
  Round stall_round_ = 0;
  TimePoint stall_due_ = kNever;
  Duration stall_wait_{};
  TimePoint range_due_;
  TimePoint snapshot_due_;
  ValidatorIndex last_peer_ = 0;
  CoreMetrics metrics_;
};

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

void Core::Impl::insert(VertexPtr vertex) {
  const VertexRef ref = vertex->ref();
  DagNode& node = dag_.insert(std::move(vertex));
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

const DagNode* Core::Impl::newest_not_included(ValidatorIndex author, Round at_most) {
  for (Round round = at_most; round > std::max(included_[author], dag_.collected()); --round) {
    const DagRound* const in = dag_.round(round);
    if (in != nullptr && in->first[author].vertex) return &in->first[author];
  }
  return nullptr;
}

std::vector<VertexRef> Core::Impl::choose_parents() {
  std::vector<VertexRef> parents{own_last_ ? own_last_->ref() : committee_.genesis(self_)};
  const Round before = proposer_.quorum_round();
  for (std::size_t i = 0; i < committee_.size(); ++i) {
    const auto author = static_cast<ValidatorIndex>(i);
    if (author == self_) continue;
    if (before == 0) {
      parents.push_back(committee_.genesis(author));
    } else if (const DagNode* const node = newest_not_included(author, before)) {
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

// What was in the DAG, or waited, before a restart from a snapshot.
void Core::Impl::readmit(const VertexPtr& vertex) {
  const VertexRef ref = vertex->ref();
  if (ref.round <= dag_.collected() || dag_.find(ref) != nullptr || sync_.is_suspended(ref)) return;
  const std::vector<VertexRef> absent = absent_parents(*vertex);
  if (absent.empty()) {
    accept(vertex);
  } else {
    (void)sync_.suspend(vertex, absent, now_.steady);
  }
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
  own_states_.push_back(state);
  if (own_states_.size() > limits::kVotesRemembered) own_states_.pop_front();
  check_states(state.index);
}

// Roots of states that differ after the same commit mean that execution is not deterministic, here or with them.
void Core::Impl::check_states(CommitIndex index) {
  if (index == 0) return;
  for (const IndexedDigest& state : own_states_) {
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

// Others' questions and answers.

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

void Core::Impl::restart_from(const CommitTail& tail) {
  dag_ = DagStore{committee_, rule_.certificate_quorum};
  committer_ = Committer{committee_, dag_, rule_};
  linearizer_.restart(tail);
  const Round collected = linearizer_.collected();
  dag_.collect(collected, collected, [](DagNode&) {});
  Round settled = 0;
  if (!tail.commits.empty()) {
    const VertexRef& leader = tail.commits.back().leader;
    committer_.restart_after(leader.round, leader.author);
    // Nearly all of the rounds up to there is committed; what is not is asked for by name.
    settled = leader.round > 2 ? leader.round - 2 : 0;
  }
  proposer_.restart(std::max(collected, settled), now_.steady);
  sync_.clear();
  ready_.clear();
  own_committed_.clear();
  payload_uncommitted_ = 0;
  expected_.clear();
  expected_to_ = 0;
  stall_due_ = kNever;
}

// Restarts.

Result<void> Core::Impl::replay(std::span<const LogRecord> records, CommitIndex executed, Effects& effects) {
  effects_ = &effects;
  replaying_ = true;
  if (executed != executed_.index) executed_ = {executed, {}};  // Its root is not known here.
  if (records.empty() && executed > committee_.start().index) {
    return fail(Errc::corrupt_file,
                fmt::format("the state is that after commit {}, and the log is empty: it was lost. Join "
                            "the next epoch with a new key",
                            executed));
  }
  Round exempt = 0;  // Parents up to this round may be absent.
  const auto contradiction = [](std::string what) {
    return fail(Errc::corrupt_file, "the log contradicts itself: " + what);
  };
  for (const LogRecord& record : records) {
    if (const auto* const base = std::get_if<BaseRecord>(&record)) {
      if (auto good = base->tail.check(committee_); !good) return good;
      if (base->tail.last_index() > executed) {
        return fail(Errc::corrupt_file,
                    fmt::format("the state is that after commit {}, and the log starts after commit {}", executed,
                                base->tail.last_index()));
      }
      restart_from(base->tail);
      exempt = base->collected;
      if (linearizer_.last().index % limits::kVoteInterval == 0) commit_vote_ = linearizer_.last();
    } else if (const auto* const commit = std::get_if<CommitRecord>(&record)) {
      if (commit->commit.index > linearizer_.last().index) {
        return contradiction(fmt::format("it says that commit {} was made, and its vertices lead to {} commits only",
                                         commit->commit.index, linearizer_.last().index));
      }
      const std::optional<Digest> digest = linearizer_.digest_at(commit->commit.index);
      if (digest && *digest != commit->commit.digest) {
        return contradiction(fmt::format("commit {} was {} and comes out as {}", commit->commit.index,
                                         to_hex(commit->commit.digest), to_hex(*digest)));
      }
    } else {
      const VertexPtr& vertex = std::get<VertexRecord>(record).vertex;
      votes_.note(*vertex);
      proposer_.heard(vertex->author(), vertex->round());
      if (vertex->author() == self_) note_own(vertex);
      if (vertex->round() <= dag_.collected() || dag_.find(vertex->ref()) != nullptr) continue;
      // What was collected when the log was shortened is not so here yet; no commit that is still to be made leads
      // there.
      auto absent = absent_parents(*vertex);
      std::erase_if(absent, [&](const VertexRef& parent) { return parent.round <= exempt; });
      if (!absent.empty()) {
        // An own vertex that is kept so as not to be made again; what it stands on has to be fetched.
        if (vertex->author() == self_) continue;
        return contradiction(
            fmt::format("vertex {} stands before its parent {}", to_string(vertex->ref()), to_string(absent.front())));
      }
      insert(vertex);
    }
  }
  replaying_ = false;
  return {};
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

std::vector<LogRecord> Core::Impl::checkpoint(CommitIndex executed) const {
  auto& dag = const_cast<DagStore&>(dag_);  // Looks only.
  CommitTail tail = linearizer_.tail(executed);
  if (tail.last_index() != executed) return {};
  const Round leader = tail.commits.empty() ? 0 : tail.commits.back().leader.round;
  const Round collected = leader > limits::kRoundsKept ? leader - limits::kRoundsKept : 0;
  if (collected < dag_.forgotten()) return {};
  std::vector<LogRecord> records;
  records.emplace_back(BaseRecord{std::move(tail), dag_.collected()});
  // Whether or not it is in the DAG: it must not be made again.
  if (own_last_) records.emplace_back(VertexRecord{own_last_});
  for (Round round = collected + 1; round <= dag.highest(); ++round) {
    DagStore::for_each(*dag.round(round), [&](DagNode& node) { records.emplace_back(VertexRecord{node.vertex}); });
  }
  return records;
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
