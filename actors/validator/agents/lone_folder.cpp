#include "agents/lone_folder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "membership/folder_names.hpp"
#include "myelin/consensus/state_machine.hpp"
#include "myelin/validator/folder_lock.hpp"
#include "myelin/validator/next_committee.hpp"
#include "storage/epoch_files.hpp"

namespace myelin::validator {

namespace {

namespace fs = std::filesystem;

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

}  // namespace

fs::path LoneFolder::committee_path() const { return committee_of_validator(folder_); }
fs::path LoneFolder::wanted_path() const { return wanted_by_operator(folder_); }

Result<CommitteeFile> LoneFolder::committee(const CommitteeFile& given, bool joins) const {
  if (is_there(restoring_of(folder_))) {
    return fail(Errc::corrupt_file,
                fmt::format("a restore into '{}' was broken off: delete all in it but the key, and restore again",
                            folder_.string()));
  }
  return believed_committee(folder_, given, joins);
}

Result<void> LoneFolder::begin_epoch(const CommitteeFile& committee) const {
  const auto there = load_committee_file(committee_path());
  if (there && *there == committee) return {};
  return save_committee_file(committee_path(), committee);
}

Result<std::optional<EpochRecord>> LoneFolder::stored_epoch() const {
  const auto lock = FolderLock::take(folder_);
  if (!lock) return tl::unexpected{lock.error()};
  return last_epoch(folder_);
}

Result<void> LoneFolder::check_may_begin(consensus::Epoch epoch, bool joins) const {
  if (is_there(log_path(folder_, epoch))) {
    return fail(Errc::corrupt_file, fmt::format("{} has a log of epoch {}, and no state: it was lost. Replace the "
                                                "validator by one with a new key",
                                                folder_.string(), epoch));
  }
  // Logs of epochs before are there until the next one's is.
  std::error_code ignored;
  const auto is_log = [](const fs::directory_entry& entry) {
    return entry.path().filename().string().starts_with("log-");
  };
  if (std::any_of(fs::directory_iterator{folder_, ignored}, fs::directory_iterator{}, is_log)) return {};
  if (joins && begins()) return {};
  return fail(
      Errc::corrupt_file,
      fmt::format("{} has neither a state nor a log. Where they were lost, its key must not vote again: replace "
                  "the validator by one with a new key. Where the key is new, and the validator joins in epoch "
                  "{}, say so (--joins)",
                  folder_.string(), epoch));
}

bool LoneFolder::begins() const { return !is_there(mark()); }

Result<void> LoneFolder::end_beginning(Disk& disk) const {
  if (!begins()) return {};
  if (auto made = disk.open(mark()); !made) return tl::unexpected{made.error()};
  return disk.sync_folder(folder_);
}

Result<std::optional<CommitteeFile>> LoneFolder::wanted_next(const CommitteeFile& committee) const {
  if (!is_there(wanted_path())) return std::nullopt;
  auto wanted = load_committee_file(wanted_path());
  if (!wanted) return tl::unexpected{wanted.error()};
  if (wanted->epoch <= committee.epoch) return std::nullopt;
  if (auto good = check_step(committee, *wanted); !good) return tl::unexpected{good.error()};
  return *std::move(wanted);
}

void LoneFolder::forget_wanted(consensus::Epoch epoch) const {
  const auto wanted = load_committee_file(wanted_path());
  if (wanted && wanted->epoch > epoch) return;
  std::error_code ignored;
  fs::remove(wanted_path(), ignored);
}

Result<void> LoneFolder::take_start(const EpochRecord& record, std::span<const std::byte> state) const {
  const auto lock = FolderLock::take(folder_);
  if (!lock) return tl::unexpected{lock.error()};
  consensus::StateMachine machine{{.executor = consensus::Executor::sequential, .tracks_unsaved = true}};
  if (auto good = machine.restore(state, {record.start.index, record.start.state_root}); !good) return good;
  const auto next = machine.next_validators();
  if (machine.epoch() + 1 != record.epoch || machine.time() != record.start.time ||
      !std::ranges::equal(next, record.validators)) {
    return fail(Errc::corrupt_file,
                fmt::format("a state of epoch {} is not what epoch {} starts from", machine.epoch(), record.epoch));
  }
  const fs::path taken = state_path(folder_).string() + ".new";
  std::error_code failed;
  fs::remove(taken, failed);
  fs::remove(taken.string() + "-lock", failed);
  {
    auto store = StateStore::open(taken);
    if (!store) return tl::unexpected{store.error()};
    const std::vector<EpochRecord> epochs{record};
    if (auto saved = store->save(machine.take_changes(), epochs); !saved) return saved;
  }
  fs::remove(taken.string() + "-lock", failed);
  fs::remove(state_path(folder_).string() + "-lock", failed);
  PosixDisk disk;
  if (auto renamed = disk.rename(taken, state_path(folder_)); !renamed) return renamed;
  if (auto synced = disk.sync_folder(folder_); !synced) return synced;
  remove_epochs_before(folder_, record.epoch);
  return {};
}

}  // namespace myelin::validator
