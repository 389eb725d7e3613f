/// The core's state, and what it does with it: core.cpp has a vertex's way in and what follows, core_peers.cpp what
/// validators ask each other, core_recovery.cpp how one comes back.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/equivocation.hpp"
#include "core/payload_queue.hpp"
#include "core/proposer.hpp"
#include "core/snapshot_offers.hpp"
#include "core/synchroniser.hpp"
#include "core/vote_book.hpp"
#include "myelin/consensus/core.hpp"
#include "myelin/consensus/dag/committer.hpp"
#include "myelin/consensus/dag/dag_store.hpp"
#include "myelin/consensus/dag/linearizer.hpp"
#include "myelin/consensus/limits.hpp"

namespace myelin::consensus {

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
        offers_{committee_, options.fetch_wait_max},
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
  void take(ValidatorIndex from, StatementRequest&& request);
  void take(ValidatorIndex from, StatementReply&& reply);

  // A vertex's way in.
  void arrive(VertexPtr vertex);
  [[nodiscard]] bool is_unknown_own(const Vertex& vertex);
  [[nodiscard]] std::vector<VertexRef> absent_parents(const Vertex& vertex);
  [[nodiscard]] Round gap_of(const Vertex& vertex);
  void accept(VertexPtr vertex);
  void accept_ready();
  void insert(VertexPtr vertex);
  void note_own(const VertexPtr& vertex);

  // What follows from it.
  void commit_decided();
  void commit(DagNode& leader);
  [[nodiscard]] Round needed_round() const;
  [[nodiscard]] bool leads_on(const Snapshot& snapshot) const;
  void install_offered();
  void want_snapshot(ValidatorIndex to, AuthorMask& wanted);
  [[nodiscard]] StatementReply statement_on(const IndexedDigest& commit, const Digest& state_root) const;
  void expect();
  void collect();
  void advance();
  void propose();
  [[nodiscard]] bool own_last_is_here();
  void readmit(const VertexPtr& vertex);
  [[nodiscard]] std::vector<VertexRef> choose_parents();
  [[nodiscard]] const DagNode* newest_not_included(ValidatorIndex author, Round at_most, bool takes_gaps);
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
  SnapshotOffers offers_;  // others are to say that they are right

  VertexPtr own_last_;
  Round began_ = 0;                      // what lies up to here was never asked for
  std::vector<Round> included_;          // by author, the highest round that own vertices name as a parent
  std::size_t payload_uncommitted_ = 0;  // vertices in the DAG with a payload that is not committed
  std::deque<VertexPtr> ready_;          // all parents are there, not accepted yet
  std::deque<std::pair<CommitIndex, VertexPtr>> own_committed_;  // own payloads, committed and not executed

  IndexedDigest commit_vote_;
  IndexedDigest state_vote_;
  IndexedDigest executed_;
  // A state that was voted on, and the digest of the commit before it, if that was not too long ago.
  struct OwnState {
    IndexedDigest state;
    std::optional<Digest> commit;
  };
  std::deque<OwnState> own_states_;  // newest last
  std::optional<CommitIndex> ended_;
  SnapshotPtr installing_;
  AuthorMask snapshots_wanted_ = 0;   // by whom
  AuthorMask statements_wanted_ = 0;  // on the last state

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
  ValidatorIndex last_peer_ = 0;
  CoreMetrics metrics_;
};

}  // namespace myelin::consensus
