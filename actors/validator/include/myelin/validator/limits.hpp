/// Every bound of a validator's agents: its name, its default, its unit. All are local: none touches what is agreed on.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "myelin/base/limits.hpp"
#include "myelin/consensus/execution_limits.hpp"
#include "myelin/consensus/limits.hpp"

namespace myelin::validator::limits {

/// Effects of the core that wait for the disk, above which the core takes no more events in.
inline constexpr std::size_t kEffectsWaitingMax = 256;

/// Jobs that a validator has at its disk at a time: a flush of its log, a save of its state, a log begun anew. With
/// fewer job threads (MeshConfig::job_threads) flushes wait for saves, and so does everybody else.
inline constexpr std::size_t kJobsPerValidator = 3;

/// The same for one in a process of its own, which also makes copies of its state for others.
inline constexpr std::size_t kJobsPerLoneValidator = kJobsPerValidator + 1;

/// Copies of its state that a validator keeps for others at a time: each takes as much of its disk as the state.
inline constexpr std::size_t kCopiesMax = 2;

/// A copy that nobody has read from for so long is forgotten.
inline constexpr std::chrono::nanoseconds kCopyKept = std::chrono::seconds{30};

/// Bytes of a copy in one answer, and answers that are read from the disk at a time.
inline constexpr std::size_t kCopyPartBytesMax = std::size_t{1} << 20;
inline constexpr std::size_t kCopyReadsMax = 16;

/// Bytes of a copy that a validator takes from another: a state's, with what its keys and sessions take beside.
inline constexpr std::uint64_t kStartBytesMax = 2 * std::uint64_t{consensus::limits::kStateBytesMax};

/// How often a validator in a process of its own asks the others which epoch they are in, and how long for the answer.
inline constexpr std::chrono::nanoseconds kAskEpochPeriod = std::chrono::milliseconds{250};
inline constexpr std::chrono::nanoseconds kAskEpochLimit = std::chrono::seconds{2};

/// Once it has ended an epoch, how long it helps others to the same point. Who comes later starts from a copy.
inline constexpr std::chrono::nanoseconds kStragglersWait = std::chrono::seconds{5};

/// A log below this size is not started anew: a new one has the last rounds' vertices once more, and zeros ahead.
inline constexpr std::uint64_t kLogBytesKept = std::uint64_t{128} << 20;

/// Payload that is executed between one save of the state and the next: what is replayed after a crash, and what the
/// log grows to. A save writes each page of the state that was touched, so that fewer are cheaper.
inline constexpr std::uint64_t kPayloadBytesPerSave = std::uint64_t{64} << 20;

/// Bytes of what peers sent and the core has not taken yet: of all, and of one at least. What comes beyond its sender's
/// share is dropped, and fetched later. Whoever has nothing waiting may send one thing of any size, which is a frame.
inline constexpr std::size_t kReceivedBytesMax = std::size_t{128} << 20;
inline constexpr std::size_t kReceivedBytesPerPeerMin = 2 * consensus::limits::kPayloadBytesMax;
[[nodiscard]] constexpr std::size_t received_bytes_per_peer_max(std::size_t validators) noexcept {
  return std::max(kReceivedBytesPerPeerMin, kReceivedBytesMax / std::max<std::size_t>(validators, 1));
}

/// A validator in another process that has sent so many vertices or letters which no honest one sends, is not listened
/// to for so long.
inline constexpr std::size_t kLiesBorne = 16;
inline constexpr std::chrono::nanoseconds kDeafToLiars = std::chrono::seconds{1};

/// Bytes of batches that clients submitted and the core has not taken yet; more are refused.
inline constexpr std::size_t kSubmittedBytesMax = std::size_t{64} << 20;

/// The same for what clients ask the executor for.
inline constexpr std::size_t kOrderBytesWaitingMax = std::size_t{32} << 20;

/// Own vertices and requests that wait to be taken to one validator in another process, and their bytes. One that is so
/// far behind asks for what it lacks.
inline constexpr std::size_t kWordsWaitingMax = 256;
inline constexpr std::size_t kWordBytesWaitingMax = std::size_t{16} << 20;

/// Bytes of answers that wait to be taken to it. Where none waits, one of any size may, which is a frame.
inline constexpr std::size_t kAnswerBytesWaitingMax = 2 * consensus::limits::kFetchReplyBytesMax;

/// Bytes of a state that is sent to a validator that was away for long: a frame's, less what its last commits take.
inline constexpr std::size_t kSnapshotBytesMax = myelin::limits::kForeignFrameBytesMax - (std::size_t{2} << 20);

/// Batches for whose outcome somebody waits.
inline constexpr std::size_t kBatchesAwaitedMax = 65'536;

/// Those who wait for one batch: its client, and it once more where it asked again.
inline constexpr std::size_t kWaitersPerBatchMax = 4;

/// What the last changes of keys take that are kept for those who watch them; older ones are forgotten.
inline constexpr std::size_t kRecentChangesBytes = std::size_t{16} << 20;

/// Changes in the answer to one who watches, and bytes of their keys and values. One change always fits.
inline constexpr std::size_t kChangesPageMax = 1024;
inline constexpr std::size_t kChangesPageBytesMax = std::size_t{256} << 10;

/// Those who wait for changes at one validator.
inline constexpr std::size_t kWatchersMax = 1024;

/// Bytes of a pattern, and of what stands before it.
inline constexpr std::size_t kPatternBytesMax = 256;

/// The longest that a validator keeps a watcher waiting.
inline constexpr std::chrono::nanoseconds kWatchWaitMax = std::chrono::minutes{1};

}  // namespace myelin::validator::limits
