/// What a group of validators in one process keeps, beside what each of them does.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <vector>

#include "myelin/consensus/committee.hpp"
#include "myelin/validator/disk.hpp"
#include "myelin/validator/key_file.hpp"
#include "myelin/validator/state_store.hpp"

namespace myelin::validator {

/// A folder with one for each validator, and the committee's file. **Thread-safety**: thread-compatible.
class GroupFolder {
 public:
  /// Makes the folder where there is none. **Requires**: `disk` lives as long. **Errors**: invalid_argument, where it
  /// holds more validators; io_error.
  [[nodiscard]] static Result<GroupFolder> open(const std::filesystem::path& folder, std::size_t validators,
                                                Disk& disk);

  /// Until end_beginning() the group has never run: keys may be made, and logs begun.
  [[nodiscard]] bool begins() const noexcept { return begins_; }
  [[nodiscard]] Result<void> end_beginning();

  [[nodiscard]] std::filesystem::path of(std::size_t validator) const;

  /// The latest epoch that a validator's state knows of. **Requires**: it is not running. **Errors**: those of
  /// FolderLock::take() and StateStore::open().
  [[nodiscard]] Result<std::optional<EpochRecord>> stored_epoch(std::size_t validator) const;

  /// A validator's key. It is made only where the group begins: else one that is missing is a disk that was lost. In an
  /// epoch that gave the validator a new one, that. `committee`: null while nobody knows it. **Errors**: those of key
  /// files; invalid_argument, if the committee has another.
  [[nodiscard]] Result<KeyPairPtr> load_key(std::size_t validator, const consensus::Committee* committee) const;
  /// In an epoch that gave the validator a new key: that takes the old one's place, and is new no longer. From then on
  /// its log is there, or was lost. **Errors**: those of key files and disks.
  [[nodiscard]] Result<void> keep_key(std::size_t validator, const consensus::Committee& committee) const;
  /// The key of one that is to replace it: the same until it has. **Errors**: those of key files.
  [[nodiscard]] Result<KeyPairPtr> next_key(std::size_t validator) const;

  /// Who validates, by the file: for as long as no state says so. **Errors**: those of load_committee_file().
  [[nodiscard]] Result<consensus::Committee> read_committee() const;
  /// Brings the file up to date. **Errors**: those of save_committee_file().
  [[nodiscard]] Result<void> write_committee(const consensus::Committee& committee) const;

  /// Gives a validator that has not come to the epoch what it starts from, out of the folder of one that has.
  /// `stopped`: the validators that are not running. **Requires**: it is one of them. **Errors**: not_found, if none of
  /// them has it; corrupt_file, if it has neither state nor log, and no new key: it may have voted with the one that it
  /// has; those of files.
  [[nodiscard]] Result<void> catch_up(std::size_t validator, const consensus::Committee& committee,
                                      const std::vector<std::size_t>& stopped) const;

 private:
  GroupFolder(std::filesystem::path folder, std::size_t validators, Disk& disk)
      : folder_{std::move(folder)}, validators_{validators}, disk_{&disk} {}
  [[nodiscard]] std::filesystem::path beginning() const;
  [[nodiscard]] std::filesystem::path committee_path() const { return folder_ / "committee.toml"; }
  [[nodiscard]] std::filesystem::path key_path(std::size_t validator) const { return of(validator) / "key"; }
  [[nodiscard]] std::filesystem::path next_key_path(std::size_t validator) const { return of(validator) / "key.next"; }
  /// Whether the epoch gave the validator a key that is still to take the old one's place.
  [[nodiscard]] Result<bool> has_new_key(std::size_t validator, const consensus::Committee& committee) const;

  std::filesystem::path folder_;
  std::size_t validators_;
  Disk* disk_;
  bool begins_ = false;
};

}  // namespace myelin::validator
