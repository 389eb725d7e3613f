#include "myelin/validator/group.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <array>
#include <chrono>
#include <future>
#include <mutex>
#include <optional>
#include <system_error>
#include <utility>

#include "agents/running_validator.hpp"
#include "myelin/consensus/limits.hpp"
#include "myelin/validator/key_file.hpp"

namespace myelin::validator {

namespace {

namespace fs = std::filesystem;

class SteadyClock final : public consensus::CostClock {
 public:
  TimePoint now() override { return std::chrono::steady_clock::now(); }
};

/// A disk whose syncs promise nothing.
class UnsyncedDisk final : public Disk {
 public:
  class UnsyncedFile final : public File {
   public:
    explicit UnsyncedFile(std::unique_ptr<File> file) : file_{std::move(file)} {}
    Result<std::size_t> write_some(std::span<const std::byte> bytes, std::uint64_t offset) override {
      return file_->write_some(bytes, offset);
    }
    Result<void> sync() override { return {}; }
    Result<void> resize(std::uint64_t bytes) override { return file_->resize(bytes); }
    Result<void> allocate(std::uint64_t offset, std::uint64_t bytes) override { return file_->allocate(offset, bytes); }
    Result<std::vector<std::byte>> read_all() override { return file_->read_all(); }

   private:
    std::unique_ptr<File> file_;
  };

  Result<std::unique_ptr<File>> open(const fs::path& path) override {
    auto file = disk_.open(path);
    if (!file) return file;
    return std::make_unique<UnsyncedFile>(std::move(*file));
  }
  Result<void> rename(const fs::path& from, const fs::path& to) override { return disk_.rename(from, to); }
  Result<void> remove(const fs::path& path) override { return disk_.remove(path); }
  Result<void> sync_folder(const fs::path&) override { return {}; }

 private:
  PosixDisk disk_;
};

consensus::WallTime system_time() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

KeyPairPtr new_key() {
  std::array<std::uint8_t, 32> seed;
  randombytes_buf(seed.data(), seed.size());
  auto key = std::make_unique<consensus::KeyPair>(seed);
  sodium_memzero(seed.data(), seed.size());
  return key;
}

}  // namespace

class ValidatorGroup::Impl {
 public:
  Impl(Mesh& mesh, GroupOptions options)
      : mesh_{mesh}, options_{std::move(options)}, directory_{std::make_shared<Directory>(options_.validators)} {
    surroundings_->checker = std::make_unique<consensus::Ed25519Checker>();
    surroundings_->clock = std::make_unique<SteadyClock>();
    surroundings_->wall_clock = options_.wall_clock ? options_.wall_clock : system_time;
    if (options_.syncs) {
      surroundings_->disk = std::make_unique<PosixDisk>();
    } else {
      surroundings_->disk = std::make_unique<UnsyncedDisk>();
    }
  }

  Result<void> start() {
    if (auto loaded = load_keys(); !loaded) return loaded;
    std::vector<consensus::PublicKey> public_keys;
    for (const auto& key : keys_) public_keys.push_back(key->public_key());
    auto committee = consensus::Committee::create(0, std::move(public_keys), {});
    if (!committee) return tl::unexpected{committee.error()};
    committee_ = std::move(*committee);
    validators_.resize(options_.validators);
    // Reading a log and a state back takes a while; each has files of its own.
    std::vector<std::future<Result<void>>> opening;
    for (std::size_t i = 0; i < validators_.size(); ++i) {
      opening.push_back(std::async(std::launch::async, [this, i] { return open(i); }));
    }
    Result<void> all{};
    for (auto& each : opening) {
      if (auto opened = each.get(); !opened && all) all = std::move(opened);
    }
    if (!all) return all;
    // All logs are there now.
    if (auto ended = end_beginning(); !ended) return ended;
    for (auto& validator : validators_) validator->begin();
    return {};
  }

  void crash(std::size_t validator) {
    const std::lock_guard lock{mutex_};
    if (!validators_[validator]) return;
    directory_->set(validator, {});
    last_status_[validator] = validators_[validator]->status();
    validators_[validator].reset();
  }

  Result<void> restart(std::size_t validator) {
    const std::lock_guard lock{mutex_};
    if (validators_[validator]) {
      return fail(Errc::invalid_argument, fmt::format("validator {} is running", validator));
    }
    if (options_.folder.empty()) {
      return fail(Errc::invalid_argument,
                  fmt::format("validator {} has kept nothing to start from; give the group a folder", validator));
    }
    if (auto opened = open(validator); !opened) return opened;
    validators_[validator]->begin();
    return {};
  }

  Result<void> backup(std::size_t validator, const fs::path& path) {
    if (options_.folder.empty()) {
      return fail(Errc::invalid_argument, "a group without a folder keeps nothing that could be copied; give it one");
    }
    std::function<Result<void>()> copy;
    {
      const std::lock_guard lock{mutex_};
      if (!validators_[validator]) {
        return fail(Errc::invalid_argument,
                    fmt::format("validator {} is not running; ask another, or restart it", validator));
      }
      copy = validators_[validator]->backup(path);
    }
    return copy();
  }

  [[nodiscard]] const std::shared_ptr<Directory>& directory() const noexcept { return directory_; }
  [[nodiscard]] ValidatorStatus status(std::size_t validator) const {
    const std::lock_guard lock{mutex_};
    return validators_[validator] ? validators_[validator]->status() : last_status_[validator];
  }

 private:
  [[nodiscard]] fs::path folder_of(std::size_t validator) const {
    return options_.folder / fmt::format("validator{}", validator);
  }

  /// While it is there, the group has never run: its keys may be made, and its logs begun.
  [[nodiscard]] fs::path beginning() const { return options_.folder / "beginning"; }

  /// All keys are there, or the group begins: one that is missing among others is a disk that was lost.
  Result<void> load_keys() {
    if (options_.folder.empty()) {
      for (std::size_t i = 0; i < options_.validators; ++i) keys_.push_back(new_key());
      return {};
    }
    std::error_code failed;
    fs::create_directories(options_.folder, failed);
    if (failed) return cannot("make the folder", options_.folder, failed);
    bool has_any = false;
    for (std::size_t i = 0; i <= consensus::limits::kValidatorsMax; ++i) has_any |= fs::exists(folder_of(i), failed);
    if (!has_any) {
      auto file = surroundings_->disk->open(beginning());
      if (!file) return tl::unexpected{file.error()};
      if (auto synced = surroundings_->disk->sync_folder(options_.folder); !synced) return synced;
    }
    begins_ = fs::exists(beginning(), failed);
    for (std::size_t i = 0; i < options_.validators; ++i) {
      const fs::path path = folder_of(i) / "key";
      fs::create_directories(folder_of(i), failed);
      if (failed) return cannot("make the folder", folder_of(i), failed);
      auto key = begins_ && !fs::exists(path, failed) ? create_key_file(path) : load_key_file(path);
      if (!key) return tl::unexpected{key.error()};
      keys_.push_back(std::move(*key));
    }
    if (fs::exists(folder_of(options_.validators), failed)) {
      return fail(Errc::invalid_argument, fmt::format("{} is the folder of a group of more than {} validators",
                                                      options_.folder.string(), options_.validators));
    }
    return {};
  }

  Result<void> end_beginning() {
    if (!begins_) return {};
    begins_ = false;
    if (auto removed = surroundings_->disk->remove(beginning()); !removed) return removed;
    return surroundings_->disk->sync_folder(options_.folder);
  }

  static tl::unexpected<Error> cannot(const char* what, const fs::path& path, const std::error_code& why) {
    return fail(Errc::io_error, fmt::format("cannot {} {}: {}", what, path.string(), why.message()));
  }

  Result<void> open(std::size_t validator) {
    const ValidatorOptions options{.folder = options_.folder.empty() ? fs::path{} : folder_of(validator),
                                   .core = options_.core,
                                   .executor = options_.executor,
                                   .saving = options_.saving,
                                   .begins = begins_,
                                   .recent_changes_bytes = options_.recent_changes_bytes};
    auto started =
        RunningValidator::start(mesh_, surroundings_, directory_, *committee_,
                                static_cast<consensus::ValidatorIndex>(validator), keys_[validator], options);
    if (!started) return tl::unexpected{started.error()};
    validators_[validator].emplace(std::move(*started));
    return {};
  }

  Mesh& mesh_;
  GroupOptions options_;
  std::shared_ptr<Directory> directory_;
  std::shared_ptr<Surroundings> surroundings_ = std::make_shared<Surroundings>();
  std::vector<std::shared_ptr<const consensus::KeyPair>> keys_;
  std::optional<consensus::Committee> committee_;
  bool begins_ = false;
  mutable std::mutex mutex_;
  std::vector<std::optional<RunningValidator>> validators_;
  std::vector<ValidatorStatus> last_status_ = std::vector<ValidatorStatus>(options_.validators);
};

Result<ValidatorGroup> ValidatorGroup::start(Mesh& mesh, const GroupOptions& options) {
  if (options.validators < 1 || options.validators > consensus::limits::kValidatorsMax) {
    return fail(Errc::invalid_argument, fmt::format("a group of {} validators; it takes 1 to {}", options.validators,
                                                    consensus::limits::kValidatorsMax));
  }
  auto impl = std::make_unique<Impl>(mesh, options);
  if (auto started = impl->start(); !started) return tl::unexpected{started.error()};
  return ValidatorGroup{std::move(impl)};
}

ValidatorGroup::ValidatorGroup(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
ValidatorGroup::~ValidatorGroup() = default;
ValidatorGroup::ValidatorGroup(ValidatorGroup&&) noexcept = default;
ValidatorGroup& ValidatorGroup::operator=(ValidatorGroup&&) noexcept = default;

std::size_t ValidatorGroup::size() const noexcept { return impl_->directory()->size(); }
const std::shared_ptr<Directory>& ValidatorGroup::directory() const noexcept { return impl_->directory(); }
ValidatorStatus ValidatorGroup::status(std::size_t validator) const { return impl_->status(validator); }
void ValidatorGroup::crash(std::size_t validator) { impl_->crash(validator); }
Result<void> ValidatorGroup::restart(std::size_t validator) { return impl_->restart(validator); }
Result<void> ValidatorGroup::backup(std::size_t validator, const fs::path& path) const {
  return impl_->backup(validator, path);
}

}  // namespace myelin::validator
