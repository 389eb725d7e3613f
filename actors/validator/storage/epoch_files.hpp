/// What a validator's folder holds of each epoch.
#pragma once

#include <filesystem>
#include <optional>

#include "myelin/base/result.hpp"
#include "myelin/validator/state_store.hpp"

namespace myelin::validator {

/// The state, whatever the epoch.
[[nodiscard]] std::filesystem::path state_path(const std::filesystem::path& folder);
/// A validator has a log for each epoch that it votes in.
[[nodiscard]] std::filesystem::path log_path(const std::filesystem::path& folder, consensus::Epoch epoch);
/// The state that an epoch starts from, for validators that were not there at the end of the one before.
[[nodiscard]] std::filesystem::path start_path(const std::filesystem::path& folder, consensus::Epoch epoch);

/// The latest epoch that the stored state knows of; nothing, where no state is stored. **Requires**: nobody else has
/// the state open. **Errors**: those of StateStore::open().
[[nodiscard]] Result<std::optional<EpochRecord>> last_epoch(const std::filesystem::path& folder);

/// Copies the state to where the epoch's start is kept, unless it is there. **Requires**: the state is that at the end
/// of the epoch before, and nobody else has it open. **Errors**: those of StateStore::open() and copy().
[[nodiscard]] Result<void> keep_start(const std::filesystem::path& folder, consensus::Epoch epoch);

/// Puts the start of an epoch that another validator has in place of whatever state and logs there are of epochs
/// before. A crash in between leaves the state that was there, or this. **Requires**: nobody else has the state open.
/// **Errors**: not_found, if the other has it not; those of StateStore::open() and copy(), and of disks.
[[nodiscard]] Result<void> take_start(const std::filesystem::path& from, const std::filesystem::path& to,
                                      consensus::Epoch epoch);

/// Removes logs and starts of epochs before.
void remove_epochs_before(const std::filesystem::path& folder, consensus::Epoch epoch);

}  // namespace myelin::validator
