/// Every bound of execution: its name, its default, its unit. All are rules: validators that differ in one diverge.
#pragma once

#include <cstddef>
#include <cstdint>

#include "myelin/consensus/types.hpp"

namespace myelin::consensus::limits {

/// Bytes of a key: 1 to this.
inline constexpr std::size_t kKeyBytesMax = 256;
/// Bytes of a value.
inline constexpr std::size_t kValueBytesMax = std::size_t{64} << 10;

/// Bytes of a batch, and transactions in it. Each takes a few words: a short list of nothing cannot stand for much
/// work.
inline constexpr std::size_t kBatchBytesMax = std::size_t{1} << 20;
inline constexpr std::size_t kBatchTransactionsMax = 4096;
inline constexpr std::size_t kTransactionWordsMin = 6;

/// Transactions of one commit; what lies beyond is refused. Places in a commit are the low bits of a lease's token.
inline constexpr unsigned kPlaceBits = 20;
inline constexpr std::size_t kCommitTransactionsMax = (std::size_t{1} << kPlaceBits) - 1;

/// Work of one commit in units of about 50 ns, so a good half second; batches beyond are refused. A transaction counts
/// kTransactionWork, and more by its kind: see work_of().
inline constexpr std::uint64_t kCommitWorkMax = std::uint64_t{1} << 23;
inline constexpr std::uint64_t kTransactionWork = 4;
inline constexpr std::uint64_t kDigestWork = 3;
inline constexpr std::uint64_t kApprovalWork = 1600;

/// Bytes of values that a commit's replies hold in all; of later replies only the status is given.
inline constexpr std::size_t kCommitReplyBytesMax = std::size_t{64} << 20;
/// Bytes that the replies to what is executed at a time could hold: reads of large values are executed in parts.
inline constexpr std::size_t kSegmentReplyBytesMax = std::size_t{512} << 20;

/// Keys in the answer to a range, and bytes of keys and values.
inline constexpr std::size_t kRangeEntriesMax = 256;
inline constexpr std::size_t kRangeBytesMax = std::size_t{256} << 10;

/// A lease's longest duration in nanoseconds: a day.
inline constexpr std::int64_t kLeaseMax = std::int64_t{24} * 3600 * 1'000'000'000;
/// A value's longest time to live in nanoseconds: ten years.
inline constexpr std::int64_t kTimeToLiveMax = 3653 * kLeaseMax;

/// Keys whose end has come that a commit takes out of the state, beside as many as it has transactions: each makes one
/// at most, so that they are not put faster than they go.
inline constexpr std::size_t kEndedKeysPerCommit = 1024;

inline constexpr std::size_t kScriptStepsMax = 64;
inline constexpr std::size_t kScriptKeysMax = 16;
inline constexpr std::size_t kScriptRegisters = 8;
/// Bytes of keys and values that one script stores in all.
inline constexpr std::size_t kScriptStoreBytesMax = kValueBytesMax + kKeyBytesMax;
/// Digests that one script takes in all: 40 us of them.
inline constexpr std::int64_t kScriptDigestsMax = 256;

/// Batches of one client whose answers are kept: so many may be on their way at once.
inline constexpr std::size_t kSessionWindow = 16;
/// Bytes of a kept answer; of a longer one only the statuses are kept.
inline constexpr std::size_t kSessionReplyBytesMax = 4096;
/// Clients whose answers are kept.
inline constexpr std::size_t kSessionsMax = std::size_t{1} << 16;
/// A client that was silent for so long may be forgotten, once kSessionsMax are known: an hour in nanoseconds of commit
/// time. A client that has a batch from before then must not send it again.
inline constexpr std::int64_t kSessionIdle = std::int64_t{3600} * 1'000'000'000;

/// Keys of the state, and bytes of keys and values.
inline constexpr std::size_t kStateKeysMax = std::size_t{1} << 24;
inline constexpr std::size_t kStateBytesMax = std::size_t{4} << 30;

static_assert(kSessionReplyBytesMax >= kBatchTransactionsMax, "or the statuses of a batch would not fit");

}  // namespace myelin::consensus::limits
