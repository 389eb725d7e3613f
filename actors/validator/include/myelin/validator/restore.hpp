/// Beginning a new group from the state of another: what is left when validators, or their keys and logs, are lost.
#pragma once

#include <cstddef>
#include <filesystem>

#include "myelin/base/result.hpp"
#include "myelin/consensus/types.hpp"
#include "myelin/validator/committee_file.hpp"

namespace myelin::validator {

/// What a restored group begins with.
struct RestoredGroup {
  std::size_t validators = 0;
  std::size_t keys = 0;                    ///< That hold something.
  consensus::CommitIndex taken_after = 0;  ///< The commit of the group that was backed up; all after it is lost.
  consensus::WallTime time = 0;            ///< That commit's.
  consensus::Epoch epoch = 0;              ///< In which the new group begins.
  consensus::Digest root;                  ///< Of the state that it begins with: the same for all of its validators.
};

/// Commits that a restored group leaves out: as many as the old one may have made after the backup, at 100 a second in
/// five years. So a lease's token is larger than of any lease that anybody was ever granted, and a watcher's place from
/// before is known to be too old.
inline constexpr consensus::CommitIndex kRestoreSkip = consensus::CommitIndex{1} << 34;

/// Makes the folder of a group, for ValidatorGroup::start(), from what ValidatorGroup::backup() wrote. Kept are all
/// keys with what they hold, leases and ends included, and what clients were answered: a batch that was executed before
/// the backup is not executed again. New are the validators' keys, the logs, and the epoch, which the old validators'
/// signatures say nothing in. What was executed after the backup never was, whatever clients were told.
///
/// `folder`: is made, or is empty. `validators`: 0 for as many as the backed-up group had. Where it fails or is broken
/// off at any point, nothing starts from the folder, which is to be deleted.
/// **Errors**: not_found; invalid_argument for a folder that is not empty, or a number of validators that is none;
/// corrupt_file for what is no backup, or a damaged one; unsupported_version; io_error.
/// **Thread-safety**: thread-safe. **Cost**: reads the backup and writes the whole state once a validator; holds the
/// state in memory.
[[nodiscard]] Result<RestoredGroup> restore_group(const std::filesystem::path& backup,
                                                  const std::filesystem::path& folder, std::size_t validators = 0);

/// The same for a group whose validators run in processes of their own: makes the folder of one of them, for
/// Validator::start(). All are to be made from the same backup, or copies of it; where two were not, their roots
/// differ, and they do not understand each other.
///
/// `folder`: holds the validator's new key in `key`, and nothing else. `committee`: the new group's, which has that
/// key; its epoch does not count, and is set right in the folder. Where this fails, the folder is as it was; where it
/// is broken off, nothing starts from it.
/// **Errors**: as restore_group(); not_found, where there is no key; invalid_argument: the key is no member's, a key
/// was one of the old group's, or the folder holds more than its key. **Thread-safety**: thread-safe. **Cost**: reads
/// the backup and writes the whole state; holds it in memory.
[[nodiscard]] Result<RestoredGroup> restore_validator(const std::filesystem::path& backup,
                                                      const std::filesystem::path& folder,
                                                      const CommitteeFile& committee);

}  // namespace myelin::validator
