/// Transactions, decoded: what a batch's bytes say, checked against every bound.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <capnp/common.h>
#include <tl/expected.hpp>

#include "myelin/consensus/crypto.hpp"
#include "myelin/consensus/types.hpp"

namespace myelin::consensus {

/// Who sends batches; chosen by the client, the same as long as it lives.
using ClientId = std::uint64_t;
/// Numbers a client's batches, from 1.
using Sequence = std::uint64_t;

/// What a transaction does. schema/myelin/transaction.capnp says it at length.
enum class Operation : std::uint8_t {
  malformed,  ///< Refused when it was decoded: see Transaction::refusal.
  put,
  get,
  cas,
  erase,
  add,
  transfer,
  claim,
  renew,
  release,
  range,
  script,
  reconfigure,
};
inline constexpr std::size_t kOperations = 13;

/// Why a transaction was refused before it was executed. A pure function of its bytes.
enum class TransactionRefusal : std::uint8_t {
  none,              ///< It was not.
  no_operation,      ///< No operation was chosen, or one that this build does not know.
  bad_key,           ///< A key of no bytes, or of too many.
  value_too_large,   ///< A value above its cap.
  bad_amount,        ///< A transfer of less than 1.
  bad_duration,      ///< A lease of less than 1 ns, or of more than a day.
  bad_range_limit,   ///< A range of no keys, or of too many.
  bad_script_size,   ///< No step, or too many; or too many keys named.
  bad_script_step,   ///< An unknown step, a register that is none, or a count out of bounds.
  bad_validators,    ///< A committee of none or too many, a key not of 32 bytes, or one key twice.
  bad_time_to_live,  ///< A value's time to live below 0, or of more than ten years.
  bad_approvals,     ///< Too many, not in order of their validators, or a signature not of 64 bytes.
};
inline constexpr std::size_t kTransactionRefusals = 12;
[[nodiscard]] std::string_view to_string(TransactionRefusal reason) noexcept;

/// A validator's signature of next_committee_digest().
struct Approval {
  ValidatorIndex validator = 0;
  Signature signature;
};

/// What the members of an epoch's committee sign to approve of the next.
[[nodiscard]] Digest next_committee_digest(Epoch epoch, std::span<const PublicKey> next);

/// One step of a script.
struct ScriptStep {
  enum class Operation : std::uint8_t {
    none,
    number,
    bytes,
    load,
    store,
    add,
    subtract,
    multiply,
    less,
    equal,
    concat,
    digest,
    skip_unless,
    require,
    result,
  };
  static constexpr std::uint8_t kNoRegister = 255;

  Operation operation = Operation::none;
  std::uint8_t target = kNoRegister;
  std::uint8_t left = kNoRegister;
  std::uint8_t right = kNoRegister;
  std::int64_t number = 0;
  std::string_view bytes;
};

/// One transaction. Owns nothing: its texts and lists lie in the batch that was decoded, or with whoever made it.
struct Transaction {
  Operation operation = Operation::malformed;
  TransactionRefusal refusal = TransactionRefusal::no_operation;
  bool if_absent = false;   ///< cas: expects nothing, rather than `value`.
  std::uint32_t limit = 0;  ///< range
  ClientId client = 0;      ///< Set by read_batch().
  std::string_view key;     ///< transfer: from; range: the first.
  std::string_view other;   ///< transfer: to; range: the end; cas: what is expected.
  std::string_view value;   ///< put, cas: what is desired.
  std::int64_t number =
      0;  ///< add: delta; transfer: amount; claim, renew: duration; put, cas: time to live, both in ns.
  std::uint64_t token = 0;  ///< renew, release; reconfigure: the epoch it ends.
  std::span<const ScriptStep> steps;
  std::span<const std::string_view> keys;  ///< script: the keys it may touch; empty: any.
  std::span<const PublicKey> validators;   ///< reconfigure
  std::span<const Approval> approvals;     ///< reconfigure: by ascending validator.

  // Transactions for clients to send. Nothing is checked here.
  /// `time_to_live_ns`: from the commit's time on, of this put and the next two; 0: no end.
  [[nodiscard]] static Transaction put(std::string_view key, std::string_view value,
                                       std::int64_t time_to_live_ns = 0) noexcept;
  [[nodiscard]] static Transaction get(std::string_view key) noexcept;
  [[nodiscard]] static Transaction cas(std::string_view key, std::string_view expected, std::string_view desired,
                                       std::int64_t time_to_live_ns = 0) noexcept;
  [[nodiscard]] static Transaction put_if_absent(std::string_view key, std::string_view value,
                                                 std::int64_t time_to_live_ns = 0) noexcept;
  [[nodiscard]] static Transaction erase(std::string_view key) noexcept;
  [[nodiscard]] static Transaction add(std::string_view key, std::int64_t delta) noexcept;
  [[nodiscard]] static Transaction transfer(std::string_view from, std::string_view to, std::int64_t amount) noexcept;
  [[nodiscard]] static Transaction claim(std::string_view key, std::int64_t duration_ns) noexcept;
  [[nodiscard]] static Transaction renew(std::string_view key, std::uint64_t token, std::int64_t duration_ns) noexcept;
  [[nodiscard]] static Transaction release(std::string_view key, std::uint64_t token) noexcept;
  [[nodiscard]] static Transaction range(std::string_view first, std::string_view end, std::uint32_t limit) noexcept;
  [[nodiscard]] static Transaction script(std::span<const ScriptStep> steps,
                                          std::span<const std::string_view> keys = {}) noexcept;
  [[nodiscard]] static Transaction reconfigure(Epoch epoch, std::span<const PublicKey> validators,
                                               std::span<const Approval> approvals) noexcept;
};

/// Why a whole batch was refused. A pure function of its bytes, but for the last, which is one of the commit.
enum class BatchRefusal : std::uint8_t {
  malformed,              ///< Not a TransactionBatch in one segment.
  too_large,              ///< Above its cap in bytes.
  no_transactions,        ///< Empty.
  too_many_transactions,  ///< Above the cap, or more than the bytes have room for.
  bad_sequence,           ///< Sequence 0.
  commit_full,            ///< The commit already has as many transactions, or as much work, as it may have.
};
inline constexpr std::size_t kBatchRefusals = 6;
[[nodiscard]] std::string_view to_string(BatchRefusal reason) noexcept;

/// How much work a transaction may be, in units of about 50 ns.
[[nodiscard]] std::uint64_t work_of(const Transaction& transaction) noexcept;

/// A decoded batch. Its texts lie in the bytes that it was read from.
struct Batch {
  ClientId client = 0;
  Sequence sequence = 0;
  std::uint64_t work = 0;  ///< The sum of work_of().
  std::vector<Transaction> transactions;

  // What the transactions' lists lie in.
  std::vector<ScriptStep> steps;
  std::vector<std::string_view> keys;
  std::vector<PublicKey> validators;
  std::vector<Approval> approvals;
  std::vector<std::uint64_t> own_bytes;  ///< A copy, where the bytes given were not aligned to words.

  Batch() = default;
  Batch(Batch&&) noexcept = default;
  Batch& operator=(Batch&&) noexcept = default;
};

/// Decodes and checks a batch. A transaction that is out of bounds becomes one of Operation::malformed, and harms no
/// other. Total: whatever the bytes are. **Requires**: the bytes outlive the batch. **Thread-safety**: thread-safe.
/// **Cost**: about 0.1 us a transaction.
[[nodiscard]] tl::expected<Batch, BatchRefusal> read_batch(std::span<const std::byte> bytes);

/// The bytes of a batch, to be submitted. Writes what is given, within bounds or not: Transaction::client is left out,
/// a malformed one becomes one without operation.
[[nodiscard]] std::vector<std::byte> write_batch(ClientId client, Sequence sequence,
                                                 std::span<const Transaction> transactions);

}  // namespace myelin::consensus
