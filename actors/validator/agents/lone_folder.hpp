/// What a validator in a process of its own keeps beside its log and state: which epoch it is in, and which is wanted.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <utility>

#include "myelin/base/result.hpp"
#include "myelin/validator/committee_file.hpp"
#include "myelin/validator/disk.hpp"
#include "myelin/validator/state_store.hpp"

namespace myelin::validator {

/// **Thread-safety**: thread-compatible.
class LoneFolder {
 public:
  explicit LoneFolder(std::filesystem::path folder) : folder_{std::move(folder)} {}

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return folder_; }
  [[nodiscard]] std::filesystem::path key_path() const { return folder_ / "key"; }

  /// believed_committee(). **Errors**: its own; corrupt_file, where a restore was broken off.
  [[nodiscard]] Result<CommitteeFile> committee(const CommitteeFile& given, bool joins) const;
  /// From now on that of this epoch is known. **Errors**: those of save_committee_file().
  [[nodiscard]] Result<void> begin_epoch(const CommitteeFile& committee) const;

  /// The latest epoch that the stored state knows of. **Requires**: it is not running. **Errors**: those of
  /// FolderLock::take() and StateStore::open().
  [[nodiscard]] Result<std::optional<EpochRecord>> stored_epoch() const;
  /// Whether the validator may have voted in this epoch, as far as what is there tells; for one without a state.
  /// `joins`: it is said that its key is new. **Errors**: corrupt_file: it may, and its state or log is lost.
  [[nodiscard]] Result<void> check_may_begin(consensus::Epoch epoch, bool joins) const;

  /// Whether it has never had a log: later, one that is missing is a lost one.
  [[nodiscard]] bool begins() const;
  [[nodiscard]] Result<void> end_beginning(Disk& disk) const;

  /// What the operator wants the next committee to be; nothing, where there is no such file, or none for the epoch
  /// after `committee`'s. **Errors**: what is wrong with it.
  [[nodiscard]] Result<std::optional<CommitteeFile>> wanted_next(const CommitteeFile& committee) const;
  /// Where it is for this epoch, or one before.
  void forget_wanted(consensus::Epoch epoch) const;

  /// Takes what an epoch starts from, as others have it, in place of whatever state and logs there are. A crash in
  /// between leaves the state that was there, or this. **Requires**: it is not running. **Errors**: corrupt_file:
  /// `state` is not what `record` says; those of stores and disks.
  [[nodiscard]] Result<void> take_start(const EpochRecord& record, std::span<const std::byte> state) const;

 private:
  [[nodiscard]] std::filesystem::path committee_path() const;
  [[nodiscard]] std::filesystem::path wanted_path() const;
  [[nodiscard]] std::filesystem::path mark() const { return folder_ / "has-log"; }

  std::filesystem::path folder_;
};

}  // namespace myelin::validator
