/// The consensus core: one validator's part of the protocol, as a state machine that performs nothing itself.
///
/// Whoever drives it (an actor, a simulator) feeds events with the time, and carries out the effects in the order
/// given. It holds no socket, disk, clock, thread or source of randomness: the same events give the same effects.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "myelin/base/result.hpp"
#include "myelin/consensus/commit.hpp"
#include "myelin/consensus/committee.hpp"
#include "myelin/consensus/core_metrics.hpp"
#include "myelin/consensus/core_options.hpp"
#include "myelin/consensus/evidence.hpp"
#include "myelin/consensus/log_record.hpp"
#include "myelin/consensus/statement.hpp"
#include "myelin/consensus/types.hpp"
#include "myelin/consensus/vertex.hpp"

namespace myelin::consensus {

/// One transaction batch: a Cap'n Proto message, opaque here.
using PayloadBatch = std::vector<std::byte>;

/// A copy of the state after a commit, with what it takes to go on from there.
struct Snapshot {
  CommitTail tail;  ///< Ends with the commit after which the state is this.
  Digest state_root;
  std::vector<std::byte> state;  ///< Opaque to the core; the executor checks it against the root.
};
using SnapshotPtr = std::shared_ptr<const Snapshot>;

// What validators say to each other, beside the vertices they propose.

/// Asks for vertices by name.
struct FetchRequest {
  std::vector<VertexRef> refs;  ///< At most limits::kFetchMax.
};
/// Asks for whatever there is in the rounds above `after`, lowest first: from one that was away.
struct RangeRequest {
  Round after = 0;
  AuthorMask have = 0;  ///< Authors whose vertices of the round after that one the asker has.
};
/// Answers both, as far as the sender can.
struct FetchReply {
  std::vector<VertexPtr> vertices;
  Round forgotten = 0;  ///< The sender no longer has rounds up to this one.
};
struct SnapshotRequest {
  CommitIndex above = 0;  ///< The asker has executed so far: an older snapshot is of no use.
};
struct SnapshotReply {
  SnapshotPtr snapshot;  ///< Null where there is none.
};
/// Asks for the word on a commit and the state after it: from one that was given a snapshot of that state.
struct StatementRequest {
  CommitIndex index = 0;
};
struct StatementReply {
  std::optional<Statement> statement;  ///< Nothing where the sender cannot tell.
};
/// Drivers see to it, on whatever thread, that the vertices in it have been through read_vertex(), and that the
/// sender's statement is_signed_by() the sender.
using PeerMessage = std::variant<VertexPtr, FetchRequest, RangeRequest, FetchReply, SnapshotRequest, SnapshotReply,
                                 StatementRequest, StatementReply>;

// Events: what has happened.

/// A peer's message came. `from` is who sent it, as the connection knows: not always the author.
struct Received {
  ValidatorIndex from = 0;
  PeerMessage message;
};
/// A peer sent bytes that read_vertex() refused. Counted.
struct Rejected {
  ValidatorIndex from = 0;
  Refusal reason = Refusal::malformed;
};
/// A client's batch is to be ordered.
struct Submitted {
  PayloadBatch batch;
};
/// Commits up to this one were executed, with this root. Only the roots at multiples of limits::kVoteInterval, and that
/// of an epoch's last commit, are voted on: others need not be computed, and may be zeros.
struct Executed {
  IndexedDigest state;
};
/// A snapshot that a SnapshotWanted asked for: of the state at a multiple of limits::kVoteInterval, which others vote
/// on, too; or of the last, where nothing has been committed for a while, for then others stand where we do. No `bytes`
/// where there is none.
struct SnapshotTaken {
  ValidatorIndex to = 0;
  IndexedDigest state;  ///< The commit after which it was taken, and its root.
  std::vector<std::byte> bytes;
};
/// The executor took the snapshot of an InstallSnapshot, or refused it as not what its root promises.
struct SnapshotInstalled {
  SnapshotPtr snapshot;
  bool good = false;
};
/// The transactions of `last` ended the epoch: commits after it are void, and own batches in them come back as
/// Returned. The core goes on without payload, for those who are not there yet; it can be let go of when
/// has_finished().
struct EpochEnded {
  CommitIndex last = 0;
};
/// The moment of the latest WakeAt has come.
struct Woken {};

using Event =
    std::variant<Received, Rejected, Submitted, Executed, SnapshotTaken, SnapshotInstalled, EpochEnded, Woken>;

// Effects: what is to be done, in the order given.

/// Write to the log. Nothing needs it on disk before the next Sync.
struct Append {
  LogRecord record;
};
/// All that was appended must be on disk before any later effect is carried out.
struct Sync {};
/// Send an own vertex to all peers.
struct Broadcast {
  VertexPtr vertex;
};
struct Send {
  ValidatorIndex to = 0;
  PeerMessage message;
};
/// Execute; commits come in order of their index, without gaps but after an InstallSnapshot. They are to be reported as
/// Executed. After the one whose transactions end the epoch no more are to be executed: see EpochEnded.
struct Committed {
  Commit commit;
};
/// These will probably be the next commits: worth executing ahead, into something that can be dropped. A later Expected
/// replaces it. Right where the digests of what is Committed are the same.
struct Expected {
  std::vector<Commit> commits;  ///< In order, from the next index on; at least one has a payload.
};
/// A submitted batch that was not taken: too many wait, or it is none that a vertex can carry (no whole words, or
/// larger than CoreOptions::payload_bytes_max). The client is to be told so.
struct Overloaded {
  PayloadBatch batch;
};
/// A submitted batch that is in no commit of the epoch, which has ended: to be submitted in the next one.
struct Returned {
  PayloadBatch batch;
};
/// Take a snapshot of the state and answer with SnapshotTaken.
struct SnapshotWanted {
  ValidatorIndex to = 0;
};
/// Replace the state; answer with SnapshotInstalled.
struct InstallSnapshot {
  SnapshotPtr snapshot;
};
/// A validator signed two vertices of one round.
struct Accuse {
  Evidence evidence;
};
/// Send Woken at this time. A later WakeAt replaces it.
struct WakeAt {
  TimePoint time;
};
/// Stop for good and say why: going on could break what was promised.
struct Halt {
  std::string reason;
};

using Effect = std::variant<Append, Sync, Broadcast, Send, Committed, Expected, Overloaded, Returned, SnapshotWanted,
                            InstallSnapshot, Accuse, WakeAt, Halt>;
using Effects = std::vector<Effect>;

/// One validator. **Thread-safety**: thread-compatible; its driver calls it from one thread at a time.
class Core {
 public:
  /// A validator that starts with its epoch. `signer`: the validator's own key.
  /// **Requires**: `self` < committee.size(); `signer` lives as long as the core.
  Core(Committee committee, ValidatorIndex self, const Signer& signer, const CoreOptions& options);
  ~Core();
  Core(Core&&) noexcept;
  Core& operator=(Core&&) noexcept;

  /// A validator that was here before: `records` are its log's. Commits above `executed` come out again, to be
  /// executed. `start()` is still to be called.
  /// **Errors**: corrupt_file where the log contradicts itself, naming the commit: the validator must not vote.
  [[nodiscard]] static Result<Core> recover(Committee committee, ValidatorIndex self, const Signer& signer,
                                            const CoreOptions& options, std::span<const LogRecord> records,
                                            CommitIndex executed, Effects& effects);

  /// Once, first: proposes, or says again what was said last.
  void start(Now now, Effects& effects);

  /// Takes an event in; adds to `effects`. After a Halt it does nothing more.
  void step(Event event, Now now, Effects& effects);

  /// Records with which a new, shorter log can start; the state after commit `executed` must be safe elsewhere. Empty
  /// where that commit is too long ago (about limits::kRoundsServed rounds) to go on from: the old log is then still
  /// needed.
  [[nodiscard]] std::vector<LogRecord> checkpoint(CommitIndex executed) const;

  [[nodiscard]] const Committee& committee() const noexcept;
  [[nodiscard]] ValidatorIndex self() const noexcept;
  /// Round of the last own vertex.
  [[nodiscard]] Round round() const noexcept;
  /// Rounds up to this one are collected.
  [[nodiscard]] Round collected() const noexcept;
  [[nodiscard]] IndexedDigest last_commit() const noexcept;
  [[nodiscard]] bool halted() const noexcept;
  /// Whether the epoch has ended and a quorum has said that it has, too: nothing depends on new vertices any more.
  [[nodiscard]] bool has_finished() const noexcept;
  [[nodiscard]] CoreMetrics metrics() const;

 private:
  class Impl;
  explicit Core(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace myelin::consensus
