/// Every bound of a validator's agents: its name, its default, its unit. All are local: none touches what is agreed on.
#pragma once

#include <cstddef>

namespace myelin::validator::limits {

/// Effects of the core that wait for the disk, above which the core takes no more events in.
inline constexpr std::size_t kEffectsWaitingMax = 256;

/// Batches for whose outcome somebody waits.
inline constexpr std::size_t kBatchesAwaitedMax = 65'536;

/// Those who wait for one batch: its client, and it once more where it asked again.
inline constexpr std::size_t kWaitersPerBatchMax = 4;

}  // namespace myelin::validator::limits
