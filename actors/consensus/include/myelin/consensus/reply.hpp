/// What clients are told: a reply a transaction, an outcome a batch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "myelin/consensus/transaction.hpp"
#include "myelin/consensus/types.hpp"

namespace myelin::consensus {

/// What became of a transaction. The numbers are stable: they are stored in the state.
enum class Status : std::uint8_t {
  ok = 0,
  not_found = 1,         ///< get, erase: the key holds nothing.
  mismatch = 2,          ///< cas: the key holds something else, which is the reply's value.
  wrong_type = 3,        ///< The key, or a script's register, holds another kind than the operation needs.
  insufficient = 4,      ///< transfer: the amount is more than there is.
  overflow = 5,          ///< transfer: the receiver's number would not fit 64 bits.
  held = 6,              ///< claim: by a lease that is not over, which is the reply's value.
  not_holder = 7,        ///< renew, release: there is no such lease, it is over, or somebody else's.
  condition_failed = 8,  ///< script: a `require` was not met.
  undeclared_key = 9,    ///< script: a key that it did not name, though it named some.
  too_large = 10,        ///< script: it made a key or a value above its cap, or a key of no bytes.
  state_full = 11,       ///< The state has no room for more keys or bytes. Deleting helps.
  epoch_ending = 12,     ///< reconfigure: another one came first.
  wrong_epoch = 13,      ///< reconfigure: for another epoch.
  malformed = 14,        ///< Refused before execution: see Reply::refusal.
  not_approved = 15,     ///< reconfigure: not signed by a quorum of the committee.
};
inline constexpr std::size_t kStatuses = 16;
[[nodiscard]] std::string_view to_string(Status status) noexcept;

/// What a key holds.
enum class ValueKind : std::uint8_t { absent = 0, bytes = 1, number = 2, lease = 3 };

struct Value {
  ValueKind kind = ValueKind::absent;
  std::int64_t number = 0;  ///< Of a number.
  ClientId holder = 0;      ///< Of a lease.
  WallTime expires = 0;     ///< Of a lease, or bytes with a time to live: over at commits of this time and later.
  std::uint64_t token = 0;  ///< Of a lease: larger than of any lease granted before.
  std::string bytes;

  friend bool operator==(const Value&, const Value&) = default;
};

struct KeyValue {
  std::string key;
  Value value;

  friend bool operator==(const KeyValue&, const KeyValue&) = default;
};

/// What became of one transaction.
struct Reply {
  Status status = Status::ok;
  TransactionRefusal refusal = TransactionRefusal::none;  ///< Of a malformed one.
  bool is_cut = false;              ///< There was a value, or entries; but the commit's replies are too large already.
  Value value{};                    ///< get, cas that found another, claim, renew, script's result.
  std::vector<KeyValue> entries{};  ///< range

  friend bool operator==(const Reply&, const Reply&) = default;
};

/// What became of a batch.
enum class Verdict : std::uint8_t {
  executed,
  duplicate,         ///< Executed before; these are the replies of then.
  duplicate_cut,     ///< Executed before; the replies were long, and only their statuses were kept.
  stale,             ///< So far behind the client's later batches that nothing is known about it. Not executed now.
  too_many_clients,  ///< Not executed: no room to remember that it was. To be tried again later.
  refused,           ///< Not executed: see BatchOutcome::refusal.
};
inline constexpr std::size_t kVerdicts = 6;
[[nodiscard]] std::string_view to_string(Verdict verdict) noexcept;

struct BatchOutcome {
  ClientId client = 0;    ///< 0 for a refused batch.
  Sequence sequence = 0;  ///< 0 for a refused batch.
  Verdict verdict = Verdict::executed;
  BatchRefusal refusal = BatchRefusal::malformed;  ///< Of a refused batch.
  Digest batch;                ///< batch_digest() of what was executed under this sequence, now or before; else zeros.
  std::vector<Reply> replies;  ///< One a transaction, if executed now or before.

  friend bool operator==(const BatchOutcome&, const BatchOutcome&) = default;
};

/// What became of a commit.
struct CommitOutcome {
  CommitIndex index = 0;
  std::vector<BatchOutcome> batches;  ///< In the commit's order.
  /// The next committee's keys, where this commit ended the epoch.
  std::optional<std::vector<PublicKey>> next_validators;

  friend bool operator==(const CommitOutcome&, const CommitOutcome&) = default;
};

/// What validators' answers are compared by: the client, the sequence, the batch that was executed under it, and the
/// encoded replies. A validator that was given a batch may have had another executed in its place; then a client that
/// holds its own batch against it finds no answer of this digest.
[[nodiscard]] Digest answer_digest(ClientId client, Sequence sequence, const Digest& batch, std::string_view replies);

/// Replies as bytes, as they are kept and sent.
[[nodiscard]] std::string encode_replies(std::span<const Reply> replies);
/// The replies; nothing for bytes that encode_replies() does not make. Total.
[[nodiscard]] std::optional<std::vector<Reply>> decode_replies(std::string_view bytes);

}  // namespace myelin::consensus
