/// The replicated state: executes commits in order, one result whatever the executor, and knows its root.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "myelin/base/result.hpp"
#include "myelin/base/time.hpp"
#include "myelin/consensus/commit.hpp"
#include "myelin/consensus/execution_limits.hpp"
#include "myelin/consensus/reply.hpp"
#include "myelin/consensus/state_delta.hpp"
#include "myelin/consensus/workers.hpp"

namespace myelin::consensus {

/// How transactions are executed. All give the same results.
enum class Executor : std::uint8_t {
  sequential,  ///< One after the other: what the others are held against.
  scheduled,   ///< By the keys they name: whatever shares none, at once. What names no keys runs by block_stm.
  block_stm,   ///< All at once, and again where one read what another then changed.
  automatic,   ///< Sequential, or what suits the keys: whichever measured best of late on such blocks.
};
inline constexpr std::size_t kExecutors = 4;
[[nodiscard]] std::string_view to_string(Executor executor) noexcept;

/// A clock for measuring what execution costs. Touches no result. **Thread-safety**: thread-safe.
class CostClock {
 public:
  virtual ~CostClock() = default;
  [[nodiscard]] virtual TimePoint now() = 0;
};

/// Makes parts fail that hardly ever do by themselves: for tests. **Thread-safety**: thread-safe.
class ExecutionFaults {
 public:
  virtual ~ExecutionFaults() = default;
  /// Whether block_stm gives its block up instead of the `run`th run of transaction `task`, both from 0.
  [[nodiscard]] virtual bool block_stm_fails(std::uint32_t task, std::uint64_t run) = 0;
};

/// How much a state may hold. Rules: the same at all validators.
struct StateLimits {
  std::size_t keys_max = limits::kStateKeysMax;
  std::size_t bytes_max = limits::kStateBytesMax;
  std::size_t sessions_max = limits::kSessionsMax;
};

struct ExecutionOptions {
  Executor executor = Executor::automatic;
  Workers* workers = nullptr;  ///< Null: the caller's thread does everything.
  CostClock* clock = nullptr;  ///< Null: `automatic` is sequential, and no times are counted.
  /// Keys the hash of the tables; a secret makes floods of colliding keys impossible. Touches no result.
  std::uint64_t hash_seed = 0x9e3779b97f4a7c15;
  StateLimits limits{};
  ExecutionFaults* faults = nullptr;  ///< Null for none.
  /// The committee's keys, by index, and what checks its members' signatures: a quorum of them approves the next. With
  /// none, no epoch ends.
  std::vector<PublicKey> validators{};
  const SignatureChecker* checker = nullptr;
  bool tracks_unsaved = false;  ///< Notes what changes, so that take_changes() need not give all of it.
  bool tracks_recent = false;   ///< The same for take_recent().
};

/// Batches in the order they are to be executed: what a commit comes down to.
struct OrderedBatches {
  CommitIndex index = 0;
  WallTime time = 0;                                ///< The commit's.
  std::vector<std::span<const std::byte>> batches;  ///< Each read by read_batch().
  std::vector<Digest> digests{};                    ///< batch_digest() of each; none: they are taken.
};

/// Counts since the state machine was made. Local: validators differ in them.
struct ExecutionMetrics {
  std::uint64_t commits = 0;
  std::uint64_t transactions = 0;  ///< Executed.
  std::uint64_t keys_ended = 0;    ///< Taken out because their end had come.
  std::uint64_t batches_by_verdict[kVerdicts] = {};
  std::uint64_t batches_refused[kBatchRefusals] = {};
  std::uint64_t transactions_refused[kTransactionRefusals] = {};
  std::uint64_t transactions_by_executor[3] = {};  ///< sequential, scheduled, block_stm
  std::uint64_t stm_executions = 0;                ///< By block_stm; more than its transactions, where some ran again.
  std::uint64_t stm_validations = 0;
  std::uint64_t stm_fallbacks = 0;                ///< Blocks that block_stm gave up and `sequential` executed.
  std::uint64_t predictions = 0;                  ///< Commits executed ahead of their commitment.
  std::uint64_t predictions_hit = 0;              ///< Of these, promoted.
  Duration prediction_saved = Duration::zero();   ///< Time that promoted ones had taken ahead of time.
  Duration prediction_wasted = Duration::zero();  ///< Time that dropped ones had taken.
};

/// **Thread-safety**: thread-compatible.
class StateMachine {
 public:
  /// The empty state at the start of epoch 0, before commit 1. **Requires**: workers and clock live as long.
  explicit StateMachine(const ExecutionOptions& options = {});
  ~StateMachine();
  StateMachine(StateMachine&&) noexcept;
  StateMachine& operator=(StateMachine&&) noexcept;

  /// Executes a commit.
  /// **Errors**: invalid_argument, changing nothing: a commit that is not the next, or after the epoch's end.
  [[nodiscard]] Result<CommitOutcome> apply(const Commit& commit);
  [[nodiscard]] Result<CommitOutcome> apply(const OrderedBatches& ordered);

  /// Executes what will probably be the next commit, into an overlay: apply() promotes it if it was, or drops it. One
  /// at a time: a later prediction drops the one before. A prediction that cannot be next is ignored.
  void predict(const Commit& likely);
  /// `keep_alive`: owns the bytes of `likely`, for as long as the prediction is kept.
  void predict(const OrderedBatches& likely, std::shared_ptr<const void> keep_alive);

  /// The last commit executed, and the state's root after it. **Cost**: hashes what changed since it was last asked
  /// for, about 1 us a key.
  [[nodiscard]] IndexedDigest state();
  [[nodiscard]] CommitIndex applied() const noexcept;

  [[nodiscard]] Epoch epoch() const noexcept;
  /// Whether a reconfiguration ended the epoch: nothing more is executed in it.
  [[nodiscard]] bool has_ended() const noexcept;
  /// The next committee's keys, where the epoch has ended; else empty.
  [[nodiscard]] std::span<const PublicKey> next_validators() const noexcept;
  /// Goes on in the next epoch, with next_validators() as its committee. Its genesis is state() as it was before.
  /// **Errors**: invalid_argument, if the epoch has
  /// not ended.
  [[nodiscard]] Result<void> begin_epoch();
  /// Goes on in the next epoch as if this were the state after commit `applied`, with no commit that ended this epoch:
  /// for a group that begins anew from a backup. **Errors**: invalid_argument, if that is no later commit.
  [[nodiscard]] Result<void> begin_anew(CommitIndex applied);

  /// What became of a client's batch, if it was executed and is still remembered: a duplicate, as apply() would answer.
  [[nodiscard]] std::optional<BatchOutcome> outcome_of(ClientId client, Sequence sequence) const;

  /// The last commit's time.
  [[nodiscard]] WallTime time() const noexcept;

  /// What a key holds after the last commit, at the time of that commit. Not ordered with what others commit.
  [[nodiscard]] Value read(std::string_view key) const;
  /// Keys that hold something; among them those whose end has come, until a commit takes them out.
  [[nodiscard]] std::size_t key_count() const noexcept;

  /// The state as bytes; the same at all validators. **Cost**: sorts and copies all of it.
  [[nodiscard]] std::vector<std::byte> snapshot() const;
  /// Takes over a snapshot's state. `expected`: the commit it was taken after, and the root that a quorum voted for.
  /// **Errors**: corrupt_file, changing nothing: bytes that no snapshot() makes, or of another root.
  [[nodiscard]] Result<void> restore(std::span<const std::byte> bytes, const IndexedDigest& expected);

  /// What changed since this was last called, or since the state was loaded: for whoever keeps the state on disk. All
  /// of it after a restore(), or without ExecutionOptions::tracks_unsaved. **Cost**: that of state(), and copies what
  /// changed.
  [[nodiscard]] StateDelta take_changes();
  /// Takes over what take_changes() gave in all, where each change took the place of those before it.
  /// **Errors**: corrupt_file, changing nothing: what no state holds, or another root than `fields` says; those of the
  /// source. **Cost**: hashes all of it, about 1 us a key.
  [[nodiscard]] Result<void> load(const StateFields& fields, StateSource& source);

  /// Keys that were set, deleted, or taken out at their end since this was last called, and what they hold, as read()
  /// gives it. Called after each apply(), it gives the same whatever the executor. None, where it cannot be told: the
  /// state was replaced, or ExecutionOptions::tracks_recent is off. **Cost**: copies and sorts them.
  [[nodiscard]] std::optional<RecentCells> take_recent();

  [[nodiscard]] ExecutionMetrics metrics() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace myelin::consensus
