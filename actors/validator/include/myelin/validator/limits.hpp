/// Every bound of a validator's agents: its name, its default, its unit. All are local: none touches what is agreed on.
#pragma once

#include <cstddef>
#include <cstdint>

namespace myelin::validator::limits {

/// Effects of the core that wait for the disk, above which the core takes no more events in.
inline constexpr std::size_t kEffectsWaitingMax = 256;

/// A log below this size is not started anew.
inline constexpr std::uint64_t kLogBytesKept = std::uint64_t{4} << 20;

/// Payload that is executed between one save of the state and the next: what is replayed after a crash, and what the
/// log grows to. A save writes each page of the state that was touched, so that fewer are cheaper.
inline constexpr std::uint64_t kPayloadBytesPerSave = std::uint64_t{64} << 20;

/// Batches for whose outcome somebody waits.
inline constexpr std::size_t kBatchesAwaitedMax = 65'536;

/// Those who wait for one batch: its client, and it once more where it asked again.
inline constexpr std::size_t kWaitersPerBatchMax = 4;

}  // namespace myelin::validator::limits
