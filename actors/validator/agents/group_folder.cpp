#include "agents/group_folder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "membership/folder_names.hpp"
#include "myelin/consensus/limits.hpp"
#include "myelin/validator/committee_file.hpp"
#include "myelin/validator/folder_lock.hpp"
#include "storage/epoch_files.hpp"

namespace myelin::validator {

namespace {

namespace fs = std::filesystem;

Result<void> make_folder(const fs::path& path) {
  std::error_code failed;
  fs::create_directories(path, failed);
  if (!failed) return {};
  return fail(Errc::io_error, fmt::format("cannot make the folder {}: {}", path.string(), failed.message()));
}

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

}  // namespace

Result<GroupFolder> GroupFolder::open(const fs::path& path, std::size_t validators, Disk& disk) {
  GroupFolder folder{path, validators, disk};
  if (auto made = make_folder(path); !made) return tl::unexpected{made.error()};
  if (is_there(restoring_of(path))) {
    return fail(Errc::corrupt_file,
                fmt::format("a restore into '{}' was broken off: delete the folder, and restore the backup again",
                            path.string()));
  }
  bool has_any = false;
  for (std::size_t i = 0; i <= consensus::limits::kValidatorsMax; ++i) has_any |= is_there(folder.of(i));
  if (!has_any) {
    auto file = disk.open(folder.beginning());
    if (!file) return tl::unexpected{file.error()};
    if (auto synced = disk.sync_folder(path); !synced) return tl::unexpected{synced.error()};
  }
  folder.begins_ = is_there(folder.beginning());
  if (is_there(folder.of(validators))) {
    return fail(Errc::invalid_argument,
                fmt::format("{} is the folder of a group of more than {} validators", path.string(), validators));
  }
  return folder;
}

Result<void> GroupFolder::end_beginning() {
  if (!std::exchange(begins_, false)) return {};
  if (auto removed = disk_->remove(beginning()); !removed) return removed;
  return disk_->sync_folder(folder_);
}

fs::path GroupFolder::of(std::size_t validator) const { return folder_of_validator(folder_, validator); }
fs::path GroupFolder::beginning() const { return beginning_of(folder_); }

Result<std::optional<EpochRecord>> GroupFolder::stored_epoch(std::size_t validator) const {
  if (!is_there(state_path(of(validator)))) return std::nullopt;
  const auto lock = FolderLock::take(of(validator));
  if (!lock) return tl::unexpected{lock.error()};
  return last_epoch(of(validator));
}

Result<KeyPairPtr> GroupFolder::load_key(std::size_t validator, const consensus::Committee* committee) const {
  if (auto made = make_folder(of(validator)); !made) return tl::unexpected{made.error()};
  if (committee == nullptr) {
    return begins_ && !is_there(key_path(validator)) ? create_key_file(key_path(validator))
                                                     : load_key_file(key_path(validator));
  }
  const auto is_new = has_new_key(validator, *committee);
  if (!is_new) return tl::unexpected{is_new.error()};
  if (*is_new) return load_key_file(next_key_path(validator));
  const consensus::PublicKey& wanted = committee->key(static_cast<consensus::ValidatorIndex>(validator));
  auto key = load_key_file(key_path(validator));
  if (key && (*key)->public_key() != wanted) {
    return fail(Errc::invalid_argument,
                fmt::format("{} is not the key that validator {} has in epoch {}, which is {}; restore that, or "
                            "replace the validator",
                            key_path(validator).string(), validator, committee->epoch(), to_hex(wanted)));
  }
  return key;
}

Result<KeyPairPtr> GroupFolder::next_key(std::size_t validator) const {
  if (auto made = make_folder(of(validator)); !made) return tl::unexpected{made.error()};
  const fs::path path = next_key_path(validator);
  return is_there(path) ? load_key_file(path) : create_key_file(path);
}

Result<bool> GroupFolder::has_new_key(std::size_t validator, const consensus::Committee& committee) const {
  if (!is_there(next_key_path(validator))) return false;
  const auto next = load_key_file(next_key_path(validator));
  if (!next) return tl::unexpected{next.error()};
  return (*next)->public_key() == committee.key(static_cast<consensus::ValidatorIndex>(validator));
}

Result<void> GroupFolder::keep_key(std::size_t validator, const consensus::Committee& committee) const {
  const auto is_new = has_new_key(validator, committee);
  if (!is_new) return tl::unexpected{is_new.error()};
  if (!*is_new) return {};
  if (auto renamed = disk_->rename(next_key_path(validator), key_path(validator)); !renamed) return renamed;
  return disk_->sync_folder(of(validator));
}

Result<consensus::Committee> GroupFolder::read_committee() const {
  const auto file = load_committee_file(committee_path());
  if (!file) return tl::unexpected{file.error()};
  return committee_of(*file);
}

Result<void> GroupFolder::write_committee(const consensus::Committee& committee) const {
  const auto there = load_committee_file(committee_path());
  if (there && there->epoch == committee.epoch()) return {};
  CommitteeFile file{committee.epoch(), {}};
  for (const consensus::PublicKey& key : committee.keys()) file.members.push_back({key, {}, {}});
  return save_committee_file(committee_path(), file);
}

Result<void> GroupFolder::catch_up(std::size_t validator, const consensus::Committee& committee,
                                   const std::vector<std::size_t>& stopped) const {
  const consensus::Epoch epoch = committee.epoch();
  if (epoch == 0) return {};
  const auto stored = stored_epoch(validator);
  if (!stored) return tl::unexpected{stored.error()};
  if (*stored && (*stored)->epoch == epoch) return {};
  const auto is_new = has_new_key(validator, committee);
  if (!is_new) return tl::unexpected{is_new.error()};
  if (!*is_new && !is_there(state_path(of(validator))) && !is_there(log_path(of(validator), epoch))) {
    return fail(
        Errc::corrupt_file,
        fmt::format("{} has neither a state nor a log: it was lost, and validator {} must not vote with the key "
                    "that it has in epoch {}. Leave it out, and replace it",
                    of(validator).string(), validator, epoch));
  }
  const auto lock = FolderLock::take(of(validator));
  if (!lock) return tl::unexpected{lock.error()};
  for (std::size_t from = 0; from < validators_; ++from) {
    if (is_there(start_path(of(from), epoch))) return take_start(of(from), of(validator), epoch);
  }
  // The others have ended the epoch before, and not begun this one: their states are what it starts from.
  for (const std::size_t from : stopped) {
    const auto other = stored_epoch(from);
    if (!other || !*other || (*other)->epoch != epoch) continue;
    if (auto kept = keep_start(of(from), epoch); !kept) return kept;
    return take_start(of(from), of(validator), epoch);
  }
  return fail(Errc::not_found,
              fmt::format("no validator in {} has the state that epoch {} starts from", folder_.string(), epoch));
}

}  // namespace myelin::validator
