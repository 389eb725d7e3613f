// How a validator comes back: from its log, from a snapshot, and what it needs for either.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "core/core_impl.hpp"

namespace myelin::consensus {

void Core::Impl::restart_from(const CommitTail& tail) {
  dag_ = DagStore{committee_, rule_.certificate_quorum};
  committer_ = Committer{committee_, dag_, rule_};
  linearizer_.restart(tail);
  const Round collected = linearizer_.collected();
  dag_.collect(collected, collected, [](DagNode&) {});
  began_ = collected;
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
      began_ = std::max(began_, exempt);
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

}  // namespace myelin::consensus
