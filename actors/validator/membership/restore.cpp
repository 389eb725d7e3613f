#include "myelin/validator/restore.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "membership/folder_names.hpp"
#include "myelin/consensus/limits.hpp"
#include "myelin/consensus/state_machine.hpp"
#include "myelin/validator/disk.hpp"
#include "myelin/validator/key_file.hpp"
#include "myelin/validator/next_committee.hpp"
#include "myelin/validator/state_store.hpp"
#include "storage/descriptor.hpp"

namespace myelin::validator {

namespace {

namespace fs = std::filesystem;

Result<void> make_file(const fs::path& path) {
  const Descriptor file{::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR)};
  if (!file.is_open()) return system_failure("create", path, errno);
  return {};
}

/// Makes the folder, or takes an empty one; and marks it as one that nothing starts from.
Result<void> begin(Disk& disk, const fs::path& folder) {
  std::error_code failed;
  const bool is_new = fs::create_directory(folder, failed);
  if (failed) return system_failure("make the folder", folder, failed.value());
  if (fs::exists(restoring_of(folder), failed)) {
    return fail(Errc::invalid_argument,
                fmt::format("a restore into '{}' is under way, or was broken off: delete the folder, and try again",
                            folder.string()));
  }
  const bool is_empty = fs::is_empty(folder, failed);
  if (failed) return system_failure("read the folder", folder, failed.value());
  if (!is_empty) {
    return fail(Errc::invalid_argument,
                fmt::format("'{}' is not empty; a backup is restored into a folder of its own", folder.string()));
  }
  if (auto made = make_file(restoring_of(folder)); !made) return made;
  if (auto synced = disk.sync_folder(folder); !synced) return synced;
  return is_new ? disk.sync_folder(folder_of(folder)) : Result<void>{};
}

/// Marks it as a group that has never run.
Result<void> end(Disk& disk, const fs::path& folder) {
  if (auto made = make_file(beginning_of(folder)); !made) return made;
  if (auto synced = disk.sync_folder(folder); !synced) return synced;
  if (auto removed = disk.remove(restoring_of(folder)); !removed) return removed;
  return disk.sync_folder(folder);
}

/// What a backup holds, in a store of its own.
struct Restored {
  std::optional<StateStore> store{};
  consensus::StateMachine machine{{.executor = consensus::Executor::sequential, .tracks_unsaved = true}};
  std::vector<EpochRecord> epochs{};
  consensus::CommitIndex taken_after = 0;

  /// `state`: a file that is not there yet.
  Result<void> read(const fs::path& backup, const fs::path& state) {
    auto opened = StateStore::restore(backup, state);
    if (!opened) return tl::unexpected{opened.error()};
    store.emplace(*std::move(opened));
    if (auto loaded = store->load(machine); !loaded) return loaded;
    const auto view = store->view();
    if (!view) return tl::unexpected{view.error()};
    auto stored = view->epochs();
    if (!stored) return tl::unexpected{stored.error()};
    epochs = *std::move(stored);
    taken_after = machine.applied();
    return {};
  }

  /// What goes on from it, with these validators.
  Result<consensus::StateDelta> begin_anew(std::vector<consensus::PublicKey> validators) {
    if (auto begun = machine.begin_anew(taken_after + kRestoreSkip); !begun) return tl::unexpected{begun.error()};
    consensus::StateDelta delta = machine.take_changes();
    // One that had been agreed on, and not begun, never will be.
    if (!epochs.empty() && epochs.back().epoch >= machine.epoch()) epochs.pop_back();
    if (!epochs.empty()) epochs.back().last = taken_after;
    EpochRecord& epoch = epochs.emplace_back();
    epoch.epoch = machine.epoch();
    epoch.start = {{}, delta.fields.root, delta.fields.applied, delta.fields.time};
    epoch.validators = std::move(validators);
    return delta;
  }
};

RestoredGroup made_of(const Restored& from, std::size_t validators) {
  return {validators,          from.machine.key_count(), from.taken_after,
          from.machine.time(), from.machine.epoch(),     from.epochs.back().start.state_root};
}

class Restore {
 public:
  Restore(const fs::path& backup, const fs::path& folder, std::size_t validators)
      : backup_{backup}, folder_{folder}, validators_{validators} {}

  Result<RestoredGroup> run() {
    if (auto begun = begin(disk_, folder_); !begun) return tl::unexpected{begun.error()};
    // The backup is looked at first: mostly it is what is wrong.
    if (auto read = read_backup(); !read) return give_up(read.error());
    if (auto made = make_keys(); !made) return give_up(made.error());
    if (auto saved = save(); !saved) return give_up(saved.error());
    if (auto ended = end(disk_, folder_); !ended) return tl::unexpected{ended.error()};
    return made_of(from_, validators_);
  }

 private:
  [[nodiscard]] fs::path state_of(std::size_t validator) const {
    return folder_of_validator(folder_, validator) / "state";
  }

  /// Leaves the folder as it was, as far as it can.
  tl::unexpected<Error> give_up(Error error) {
    from_.store.reset();
    std::error_code ignored;
    for (std::size_t i = 0; i < consensus::limits::kValidatorsMax; ++i) {
      fs::remove_all(folder_of_validator(folder_, i), ignored);
    }
    fs::remove(restoring_of(folder_), ignored);
    return tl::unexpected{std::move(error)};
  }

  Result<void> make_folder(std::size_t validator) {
    const fs::path folder = folder_of_validator(folder_, validator);
    if (::mkdir(folder.c_str(), S_IRWXU) != 0) return system_failure("make the folder", folder, errno);
    return {};
  }

  Result<void> read_backup() {
    if (auto made = make_folder(0); !made) return made;
    if (auto read = from_.read(backup_, state_of(0)); !read) return read;
    if (validators_ == 0) validators_ = from_.epochs.empty() ? 1 : from_.epochs.back().validators.size();
    if (validators_ < 1 || validators_ > consensus::limits::kValidatorsMax) {
      return fail(Errc::invalid_argument, fmt::format("a group of {} validators; it takes 1 to {}", validators_,
                                                      consensus::limits::kValidatorsMax));
    }
    return {};
  }

  Result<void> make_keys() {
    for (std::size_t i = 0; i < validators_; ++i) {
      if (i > 0) {
        if (auto made = make_folder(i); !made) return made;
      }
      const auto key = create_key_file(folder_of_validator(folder_, i) / "key");
      if (!key) return tl::unexpected{key.error()};
      public_keys_.push_back((*key)->public_key());
    }
    return {};
  }

  Result<void> save() {
    const auto delta = from_.begin_anew(public_keys_);
    if (!delta) return tl::unexpected{delta.error()};
    for (std::size_t i = 0; i < validators_; ++i) {
      if (i > 0) {
        from_.store.reset();
        auto store = StateStore::restore(backup_, state_of(i));
        if (!store) return tl::unexpected{store.error()};
        from_.store.emplace(*std::move(store));
      }
      if (auto saved = from_.store->save(*delta, from_.epochs); !saved) return saved;
      if (auto synced = disk_.sync_folder(folder_of_validator(folder_, i)); !synced) return synced;
    }
    from_.store.reset();
    return disk_.sync_folder(folder_);
  }

  PosixDisk disk_;
  fs::path backup_;
  fs::path folder_;
  std::size_t validators_;
  Restored from_;
  std::vector<consensus::PublicKey> public_keys_;
};

/// Into a folder with a key and nothing else.
class RestoreOne {
 public:
  RestoreOne(const fs::path& backup, const fs::path& folder, const CommitteeFile& committee)
      : backup_{backup}, folder_{folder}, committee_{committee} {}

  Result<RestoredGroup> run() {
    if (auto begun = begin_one(); !begun) return tl::unexpected{begun.error()};
    auto done = write();
    if (!done) {
      from_.store.reset();
      std::error_code ignored;
      for (const char* made : {"state", "state-lock", "committee.toml", "restoring"}) {
        fs::remove(folder_ / made, ignored);
      }
      return tl::unexpected{done.error()};
    }
    if (auto removed = disk_.remove(restoring_of(folder_)); !removed) return tl::unexpected{removed.error()};
    if (auto synced = disk_.sync_folder(folder_); !synced) return tl::unexpected{synced.error()};
    return made_of(from_, committee_.members.size());
  }

 private:
  Result<void> begin_one() {
    const auto key = load_key_file(folder_ / "key");
    if (!key) return tl::unexpected{key.error()};
    if (std::ranges::find(committee_.members, (*key)->public_key(), &Member::public_key) == committee_.members.end()) {
      return fail(Errc::invalid_argument, fmt::format("the key in '{}' is no member's of the committee: {}",
                                                      folder_.string(), to_hex((*key)->public_key())));
    }
    std::error_code failed;
    for (const fs::directory_entry& entry : fs::directory_iterator{folder_, failed}) {
      if (entry.path().filename() == "key") continue;
      return fail(Errc::invalid_argument,
                  fmt::format("'{}' has '{}' beside its key; a backup is restored into a folder with a new key and "
                              "nothing else",
                              folder_.string(), entry.path().filename().string()));
    }
    if (failed) return system_failure("read the folder", folder_, failed.value());
    if (auto made = make_file(restoring_of(folder_)); !made) return made;
    return disk_.sync_folder(folder_);
  }

  Result<void> write() {
    if (auto read = from_.read(backup_, folder_ / "state"); !read) return read;
    if (auto fresh = check_keys(); !fresh) return fresh;
    const auto delta = from_.begin_anew(keys_of(committee_));
    if (!delta) return tl::unexpected{delta.error()};
    const consensus::Epoch epoch = from_.machine.epoch();
    if (committee_.epoch > epoch) {
      return fail(Errc::invalid_argument, fmt::format("the committee is of epoch {}, and the restored group begins in "
                                                      "epoch {}: write 'epoch = {}' there",
                                                      committee_.epoch, epoch, epoch));
    }
    committee_.epoch = epoch;
    if (auto saved = from_.store->save(*delta, from_.epochs); !saved) return saved;
    from_.store.reset();
    return save_committee_file(committee_of_validator(folder_), committee_);
  }

  /// A key of the old group may have signed something in the epoch that now begins anew.
  Result<void> check_keys() const {
    for (const EpochRecord& epoch : from_.epochs) {
      for (const Member& member : committee_.members) {
        if (std::ranges::find(epoch.validators, member.public_key) == epoch.validators.end()) continue;
        return fail(Errc::invalid_argument,
                    fmt::format("the public key of '{}' in the committee was a validator's of epoch {} of the old "
                                "group: {}. A restored group has new keys; 'myelin keys new' makes one",
                                member.name, epoch.epoch, to_hex(member.public_key)));
      }
    }
    return {};
  }

  PosixDisk disk_;
  fs::path backup_;
  fs::path folder_;
  CommitteeFile committee_;
  Restored from_;
};

}  // namespace

Result<RestoredGroup> restore_validator(const fs::path& backup, const fs::path& folder,
                                        const CommitteeFile& committee) {
  return RestoreOne{backup, folder, committee}.run();
}

Result<RestoredGroup> restore_group(const fs::path& backup, const fs::path& folder, std::size_t validators) {
  return Restore{backup, folder, validators}.run();
}

}  // namespace myelin::validator
