/// Every bound of a validator's agents: its name, its default, its unit. All are local: none touches what is agreed on.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "myelin/consensus/limits.hpp"

namespace myelin::validator::limits {

/// Effects of the core that wait for the disk, above which the core takes no more events in.
inline constexpr std::size_t kEffectsWaitingMax = 256;

/// A log below this size is not started anew.
inline constexpr std::uint64_t kLogBytesKept = std::uint64_t{4} << 20;

/// Payload that is executed between one save of the state and the next: what is replayed after a crash, and what the
/// log grows to. A save writes each page of the state that was touched, so that fewer are cheaper.
inline constexpr std::uint64_t kPayloadBytesPerSave = std::uint64_t{64} << 20;

/// Bytes of what peers sent and the core has not taken yet; what comes beyond is dropped, and fetched later.
inline constexpr std::size_t kReceivedBytesMax = std::size_t{128} << 20;

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
