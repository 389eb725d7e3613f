#include "myelin/validator/restore.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

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

class Restore {
 public:
  Restore(const fs::path& backup, const fs::path& folder, std::size_t validators)
      : backup_{backup}, folder_{folder}, validators_{validators} {}

  Result<RestoredGroup> run() {
    if (auto begun = begin(disk_, folder_); !begun) return tl::unexpected{begun.error()};
    // The backup is looked at first: mostly it is what is wrong.
    if (auto read = read_backup(); !read) return give_up(read.error());
    if (auto made = make_keys(); !made) return give_up(made.error());
    if (auto begun = machine_.begin_anew(taken_after_ + kRestoreSkip); !begun) return give_up(begun.error());
    if (auto saved = save(); !saved) return give_up(saved.error());
    if (auto ended = end(disk_, folder_); !ended) return tl::unexpected{ended.error()};
    return RestoredGroup{validators_, machine_.key_count(), taken_after_, machine_.time(), machine_.epoch()};
  }

 private:
  [[nodiscard]] fs::path state_of(std::size_t validator) const {
    return folder_of_validator(folder_, validator) / "state";
  }

  /// Leaves the folder as it was, as far as it can.
  tl::unexpected<Error> give_up(Error error) {
    store_.reset();
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
    auto store = StateStore::restore(backup_, state_of(0));
    if (!store) return tl::unexpected{store.error()};
    store_.emplace(*std::move(store));
    if (auto loaded = store_->load(machine_); !loaded) return loaded;
    const auto view = store_->view();
    if (!view) return tl::unexpected{view.error()};
    auto epochs = view->epochs();
    if (!epochs) return tl::unexpected{epochs.error()};
    epochs_ = *std::move(epochs);
    taken_after_ = machine_.applied();
    if (validators_ == 0) validators_ = epochs_.empty() ? 1 : epochs_.back().validators.size();
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
    const consensus::StateDelta delta = machine_.take_changes();
    // One that had been agreed on, and not begun, never will be.
    if (!epochs_.empty() && epochs_.back().epoch >= machine_.epoch()) epochs_.pop_back();
    if (!epochs_.empty()) epochs_.back().last = taken_after_;
    EpochRecord& epoch = epochs_.emplace_back();
    epoch.epoch = machine_.epoch();
    epoch.start = {{}, delta.fields.root, delta.fields.applied, delta.fields.time};
    epoch.validators = public_keys_;
    for (std::size_t i = 0; i < validators_; ++i) {
      if (i > 0) {
        store_.reset();
        auto store = StateStore::restore(backup_, state_of(i));
        if (!store) return tl::unexpected{store.error()};
        store_.emplace(*std::move(store));
      }
      if (auto saved = store_->save(delta, epochs_); !saved) return saved;
      if (auto synced = disk_.sync_folder(folder_of_validator(folder_, i)); !synced) return synced;
    }
    store_.reset();
    return disk_.sync_folder(folder_);
  }

  PosixDisk disk_;
  fs::path backup_;
  fs::path folder_;
  std::size_t validators_;
  std::optional<StateStore> store_;
  consensus::StateMachine machine_{{.executor = consensus::Executor::sequential, .tracks_unsaved = true}};
  std::vector<EpochRecord> epochs_;
  std::vector<consensus::PublicKey> public_keys_;
  consensus::CommitIndex taken_after_ = 0;
};

}  // namespace

Result<RestoredGroup> restore_group(const fs::path& backup, const fs::path& folder, std::size_t validators) {
  return Restore{backup, folder, validators}.run();
}

}  // namespace myelin::validator
