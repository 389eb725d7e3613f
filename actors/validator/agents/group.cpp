#include "myelin/validator/group.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <future>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <thread>
#include <utility>

#include "agents/group_folder.hpp"
#include "agents/regular_look.hpp"
#include "agents/running_validator.hpp"
#include "myelin/consensus/limits.hpp"
#include "myelin/validator/key_file.hpp"

namespace myelin::validator {

namespace {

namespace fs = std::filesystem;

// How often to look whether the validators have come to agree, and to submit it once more.
constexpr std::chrono::milliseconds kLook{2};
constexpr std::chrono::milliseconds kTryAgain{500};
// Once one has ended the epoch, so long for the others; who comes later starts from a copy.
constexpr std::chrono::seconds kStragglersWait{5};
// How often to look whether an epoch has ended that nobody waits for any more.
constexpr std::chrono::milliseconds kLookForEnd{200};

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
      : mesh_{mesh},
        options_{std::move(options)},
        directory_{std::make_shared<Directory>(options_.validators)},
        surroundings_{surroundings_of_machine(options_.syncs, options_.wall_clock)} {}

  Result<void> start() {
    validators_.resize(options_.validators);
    keys_.resize(options_.validators);
    std::vector<std::size_t> all;
    for (std::size_t i = 0; i < options_.validators; ++i) {
      if (std::ranges::find(options_.left_out, i) == options_.left_out.end()) all.push_back(i);
    }
    for (const std::size_t i : options_.left_out) {
      if (i >= options_.validators) {
        return fail(Errc::invalid_argument, fmt::format("validator {} is to be left out of a group of {}: they are "
                                                        "counted from 0",
                                                        i, options_.validators));
      }
    }
    if (!options_.folder.empty()) {
      auto folder = GroupFolder::open(options_.folder, options_.validators, *surroundings_->disk);
      if (!folder) return tl::unexpected{folder.error()};
      folder_.emplace(std::move(*folder));
    }
    if (all.size() < options_.validators && (!folder_ || folder_->begins())) {
      return fail(Errc::invalid_argument, "a group that begins cannot leave out any of its validators");
    }
    if (auto started = start(std::move(all), true); !started) return started;
    if (folder_) look_for_end_.emplace(kLookForEnd, [this] { bring_on(); });
    return {};
  }

  void crash(std::size_t validator) {
    const std::lock_guard changing{changing_};
    const std::lock_guard stopping{copying_};
    stop(validator);
  }

  Result<void> restart(std::size_t validator) {
    const std::lock_guard changing{changing_};
    if (is_running(validator)) {
      return fail(Errc::invalid_argument, fmt::format("validator {} is running", validator));
    }
    if (!folder_) {
      return fail(Errc::invalid_argument,
                  fmt::format("validator {} has kept nothing to start from; give the group a folder", validator));
    }
    const std::lock_guard stopping{copying_};
    return start({validator});
  }

  Result<void> replace(std::size_t validator, Duration limit) {
    const std::lock_guard changing{changing_};
    if (!folder_) {
      return fail(Errc::invalid_argument,
                  "a group without a folder keeps nothing that a new validator could start from; give it one");
    }
    const TimePoint deadline = Clock::now() + limit;
    if (auto stopped = stop_in_time(validator, deadline); !stopped) return stopped;
    const auto key = folder_->next_key(validator);
    if (!key) return tl::unexpected{key.error()};
    const consensus::PublicKey wanted = (*key)->public_key();
    // Where some cannot start, the others go on.
    Result<void> outcome{};
    const auto start_in_time = [&](std::vector<std::size_t> seats) -> Result<void> {
      std::unique_lock stopping{copying_, std::defer_lock};
      if (auto locked = wait_for_backups(stopping, deadline); !locked) return locked;
      auto started = start(std::move(seats));
      if (!started && outcome) outcome = std::move(started);
      return {};
    };
    // An epoch may end with what was asked for before.
    do {
      std::vector<consensus::PublicKey> next = committee_->keys();
      next[validator] = wanted;
      if (auto ended = end_epoch(next, deadline, limit); !ended) return ended;
      const consensus::Epoch before = committee_->epoch();
      if (auto started = start_in_time({}); !started) return started;
      if (committee_->epoch() == before && !outcome) return outcome;
    } while (committee_->key(static_cast<consensus::ValidatorIndex>(validator)) != wanted);
    if (auto started = start_in_time({validator}); !started) return started;
    return outcome;
  }

  Result<void> backup(std::size_t validator, const fs::path& path) {
    if (!folder_) {
      return fail(Errc::invalid_argument, "a group without a folder keeps nothing that could be copied; give it one");
    }
    const std::shared_lock copying{copying_};
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
  [[nodiscard]] bool is_running(std::size_t validator) const {
    const std::lock_guard lock{mutex_};
    return validators_[validator].has_value();
  }

  void stop(std::size_t validator) {
    std::optional<RunningValidator> ending;  // It takes its time to end: when the lock is gone.
    const std::lock_guard lock{mutex_};
    if (!validators_[validator]) return;
    directory_->set(validator, {});
    last_status_[validator] = validators_[validator]->status();
    ending.emplace(std::move(*validators_[validator]));
    validators_[validator].reset();
  }

  /// Waits until nobody copies a state any more. **Errors**: timeout.
  Result<void> wait_for_backups(std::unique_lock<std::shared_timed_mutex>& stopping, TimePoint deadline) {
    if (stopping.try_lock_until(deadline)) return {};
    return fail(Errc::timeout, "a backup is under way: validators are not stopped before it is done; try again then");
  }
  Result<void> stop_in_time(std::size_t validator, TimePoint deadline) {
    std::unique_lock stopping{copying_, std::defer_lock};
    if (auto locked = wait_for_backups(stopping, deadline); !locked) return locked;
    stop(validator);
    return {};
  }

  /// Stops those for which `condition` holds, and says which ran.
  std::vector<std::size_t> stop_all(const std::function<bool(const ValidatorStatus&)>& condition) {
    std::vector<std::size_t> stopped;
    for (std::size_t i = 0; i < validators_.size(); ++i) {
      if (!is_running(i) || !condition(status(i))) continue;
      stopped.push_back(i);
      stop(i);
    }
    return stopped;
  }

  /// Starts these, in the latest epoch that any validator has a state of; and those that run in an earlier one. Where
  /// some cannot start, the others do, and the first error is returned. `is_first`: then none does.
  /// **Requires**: copying_ is held, but by the first.
  Result<void> start(std::vector<std::size_t> seats, bool is_first = false) {
    Result<void> outcome{};
    // Goes on without those that fail.
    const auto each = [&](const auto& step) {
      std::erase_if(seats, [&](std::size_t i) {
        Result<void> done = step(i);
        if (done) return false;
        note_failure(i, done.error());
        if (outcome) outcome = std::move(done);
        return true;
      });
      return outcome || !is_first;
    };
    if (folder_) {
      const auto ended = stop_all([](const ValidatorStatus& status) { return status.has_ended; });
      seats.insert(seats.end(), ended.begin(), ended.end());
      std::optional<EpochRecord> latest;
      const auto look_at = [&](std::size_t i) { return note_latest(i, latest); };
      for (const std::size_t i : stopped()) {
        // Nobody needs the state of one that is left out.
        if (std::ranges::find(seats, i) == seats.end()) static_cast<void>(look_at(i));
      }
      if (!each(look_at)) return outcome;
      if (auto found = go_to_epoch(latest, seats); !found) return found;
    }
    if (!each([this](std::size_t i) { return load_key(i); })) return outcome;
    if (auto made = make_committee(); !made) return made;
    if (folder_) {
      // What it is for is known from the states, too.
      if (auto written = folder_->write_committee(*committee_); !written && outcome) outcome = std::move(written);
      if (!each([this](std::size_t i) { return folder_->catch_up(i, *committee_, stopped()); })) return outcome;
    }
    // Reading a log and a state back takes a while; each has files of its own.
    std::vector<std::future<Result<void>>> opening(validators_.size());
    for (const std::size_t i : seats) opening[i] = std::async(std::launch::async, [this, i] { return open(i); });
    if (!each([&](std::size_t i) { return opening[i].get(); })) return outcome;
    // All logs are there now.
    if (folder_) {
      if (!each([this](std::size_t i) { return keep_key(i); })) return outcome;
      if (auto ended = folder_->end_beginning(); !ended) return ended;
    }
    const std::lock_guard lock{mutex_};
    for (const std::size_t i : seats) validators_[i]->begin();
    return outcome;
  }

  void note_failure(std::size_t validator, const Error& error) {
    const std::lock_guard lock{mutex_};
    last_status_[validator].halted = error.message;
  }

  Result<void> note_latest(std::size_t validator, std::optional<EpochRecord>& latest) const {
    auto epoch = folder_->stored_epoch(validator);
    if (!epoch) return tl::unexpected{epoch.error()};
    if (*epoch && (!latest || (*epoch)->epoch > latest->epoch)) latest = std::move(*epoch);
    return {};
  }

  /// The latest that any validator has come to. Those that run in an earlier one are stopped, and start with `seats`.
  Result<void> go_to_epoch(const std::optional<EpochRecord>& latest, std::vector<std::size_t>& seats) {
    if (committee_ && (!latest || latest->epoch <= committee_->epoch())) return {};
    if (!latest && folder_->begins()) return {};  // Unless it was restored, there is no state yet.
    auto committee = latest ? consensus::Committee::create(latest->epoch, latest->validators, latest->start)
                            : folder_->read_committee();
    if (!committee) return tl::unexpected{committee.error()};
    committee_ = std::move(*committee);
    const std::vector<std::size_t> others = stop_all([](const ValidatorStatus&) { return true; });
    seats.insert(seats.end(), others.begin(), others.end());
    return {};
  }

  Result<void> load_key(std::size_t validator) {
    if (!folder_) {
      if (!keys_[validator]) keys_[validator] = new_key();
      return {};
    }
    auto key = folder_->load_key(validator, committee_ ? &*committee_ : nullptr);
    if (!key) return tl::unexpected{key.error()};
    keys_[validator] = std::move(*key);
    return {};
  }

  /// Once it has opened its files: from then on a log that is missing is a lost one.
  Result<void> keep_key(std::size_t validator) {
    auto kept = folder_->keep_key(validator, *committee_);
    if (!kept) stop(validator);
    return kept;
  }

  /// Of the keys, where nobody knows one yet.
  Result<void> make_committee() {
    if (committee_) return {};
    std::vector<consensus::PublicKey> public_keys;
    for (const auto& key : keys_) public_keys.push_back(key->public_key());
    auto committee = consensus::Committee::create(0, std::move(public_keys), {});
    if (!committee) return tl::unexpected{committee.error()};
    committee_ = std::move(*committee);
    return {};
  }

  [[nodiscard]] std::vector<std::size_t> stopped() const {
    std::vector<std::size_t> stopped;
    for (std::size_t i = 0; i < validators_.size(); ++i) {
      if (!is_running(i)) stopped.push_back(i);
    }
    return stopped;
  }

  /// Validators that go on, and those of them that have ended the epoch.
  struct Ended {
    std::size_t running = 0;
    std::size_t ended = 0;
  };
  [[nodiscard]] Ended count_ended() const {
    Ended count;
    const std::lock_guard lock{mutex_};
    for (const auto& validator : validators_) {
      if (!validator) continue;
      const ValidatorStatus status = validator->status();
      if (!status.halted.empty()) continue;
      ++count.running;
      count.ended += status.has_ended ? 1U : 0U;
    }
    return count;
  }

  /// Where an epoch has ended that nobody waits for: replace() gave up, and what it asked for was agreed on later.
  void bring_on() {
    const std::unique_lock changing{changing_, std::try_to_lock};
    if (!changing) return;
    const auto [running, ended] = count_ended();
    if (ended == 0) return stragglers_until_.reset();
    if (!stragglers_until_) stragglers_until_ = Clock::now() + kStragglersWait;
    if (ended < running && Clock::now() < *stragglers_until_) return;
    const std::unique_lock stopping{copying_, std::try_to_lock};
    if (!stopping) return;
    stragglers_until_.reset();
    static_cast<void>(start({}));  // note_failure() has said why some did not
  }

  /// Has the running validators agree on another committee.
  Result<void> end_epoch(const std::vector<consensus::PublicKey>& next, TimePoint deadline, Duration limit) {
    const consensus::Digest digest = consensus::next_committee_digest(committee_->epoch(), next);
    std::vector<consensus::Approval> approvals;
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      const bool is_its_key =
          keys_[i] && keys_[i]->public_key() == committee_->key(static_cast<consensus::ValidatorIndex>(i));
      if (is_its_key) approvals.push_back({static_cast<consensus::ValidatorIndex>(i), keys_[i]->sign(digest)});
    }
    const std::vector<consensus::Transaction> one{
        consensus::Transaction::reconfigure(committee_->epoch(), next, approvals)};
    consensus::ClientId client = 0;
    randombytes_buf(&client, sizeof client);
    const std::vector<std::byte> batch = consensus::write_batch(client, 1, one);
    TimePoint next_try = Clock::now();
    std::size_t turn = 0;
    std::optional<TimePoint> stragglers_until;
    while (Clock::now() < deadline) {
      const auto [running, ended] = count_ended();
      if (ended > 0 && !stragglers_until) stragglers_until = Clock::now() + kStragglersWait;
      if (ended > 0 && (ended == running || Clock::now() >= *stragglers_until)) return {};
      if (ended == 0 && Clock::now() >= next_try) {
        next_try = Clock::now() + kTryAgain;
        submit(batch, turn++);
      }
      std::this_thread::sleep_for(kLook);
    }
    if (count_ended().ended > 0) return {};
    return fail(Errc::timeout,
                fmt::format("the validators have not agreed on their next committee within {:.1f} s; {} of {} must "
                            "run for it. It may yet take effect: try again",
                            std::chrono::duration<double>(limit).count(), committee_->quorum(), committee_->size()));
  }

  void submit(const std::vector<std::byte>& batch, std::size_t turn) {
    const std::lock_guard lock{mutex_};
    std::vector<RunningValidator*> running;
    for (auto& validator : validators_) {
      if (validator) running.push_back(&*validator);
    }
    if (!running.empty()) running[turn % running.size()]->submit(batch);
  }

  Result<void> open(std::size_t validator) {
    const ValidatorOptions options{.folder = folder_ ? folder_->of(validator) : fs::path{},
                                   .core = options_.core,
                                   .executor = options_.executor,
                                   .saving = options_.saving,
                                   .begins = folder_ && folder_->begins(),
                                   .recent_changes_bytes = options_.recent_changes_bytes};
    auto started =
        RunningValidator::start(mesh_, surroundings_, directory_, *committee_,
                                static_cast<consensus::ValidatorIndex>(validator), keys_[validator], options);
    if (!started) return tl::unexpected{started.error()};
    const std::lock_guard lock{mutex_};
    validators_[validator].emplace(std::move(*started));
    return {};
  }

  Mesh& mesh_;
  GroupOptions options_;
  std::shared_ptr<Directory> directory_;
  std::shared_ptr<Surroundings> surroundings_;
  std::vector<std::shared_ptr<const consensus::KeyPair>> keys_;
  std::optional<consensus::Committee> committee_;
  std::optional<GroupFolder> folder_;
  std::mutex changing_;              // held by whoever starts or stops validators; taken before the others
  std::shared_timed_mutex copying_;  // held by whoever copies a state, and against them by whoever stops validators
  std::optional<TimePoint> stragglers_until_;  // of changing_
  mutable std::mutex mutex_;                   // of what follows
  std::vector<std::optional<RunningValidator>> validators_;
  std::vector<ValidatorStatus> last_status_ = std::vector<ValidatorStatus>(options_.validators);
  std::optional<RegularLook> look_for_end_;  // last: its thread uses all of the above
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
Result<void> ValidatorGroup::replace(std::size_t validator, Duration limit) { return impl_->replace(validator, limit); }
Result<void> ValidatorGroup::backup(std::size_t validator, const fs::path& path) const {
  return impl_->backup(validator, path);
}

}  // namespace myelin::validator
