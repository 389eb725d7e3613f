#include "agents/lone_validator.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "agents/copy_reading.hpp"
#include "agents/courier.hpp"
#include "agents/door.hpp"
#include "agents/members.hpp"
#include "agents/surroundings.hpp"
#include "myelin/consensus/transaction.hpp"
#include "myelin/validator/backup.hpp"
#include "myelin/validator/limits.hpp"
#include "myelin/validator/next_committee.hpp"

namespace myelin::validator {

namespace {

constexpr std::chrono::milliseconds kLook{100};
constexpr Duration kTryAgain = std::chrono::milliseconds{500};
// What another said longer ago says nothing of where it is now: it may have ended.
constexpr Duration kHeardLately = std::chrono::seconds{1};
// For another to give the state that an epoch starts from. Doubled, where nobody did in time: so that one who gives it
// drop by drop holds up nobody for longer than the others together take.
constexpr Duration kFetchLimit = std::chrono::minutes{1};
constexpr unsigned kFetchDoublingsMax = 10;

std::vector<EpochWord> words_in(const std::vector<EpochWords::Heard>& heard) {
  std::vector<EpochWord> words;
  for (const EpochWords::Heard& each : heard) words.push_back(each.word);
  return words;
}

}  // namespace

LoneValidator::LoneValidator(Mesh& mesh, network::Node& node, const ValidatorSettings& settings)
    : mesh_{mesh},
      node_{node},
      settings_{settings},
      folder_{settings.folder},
      surroundings_{surroundings_of_machine(settings.syncs, settings.wall_clock)} {}

LoneValidator::~LoneValidator() {
  stopping_.request_stop();
  look_.reset();
  if (is_running()) stop_running();
  if (!envoy_) return;
  node_.withdraw(kEnvoyName);
  mesh_.stop_agent(envoy_);
}

Result<void> LoneValidator::start() {
  auto key = load_key_file(folder_.key_path());
  if (!key) return tl::unexpected{key.error()};
  key_ = std::move(*key);
  auto committee = folder_.committee(settings_.committee, settings_.joins);
  if (!committee) return tl::unexpected{committee.error()};
  if (auto known = know(*std::move(committee)); !known) return known;
  if (auto placed = find_place(); !placed) return placed;
  look_.emplace(kLook, [this] { look(); });
  return {};
}

/// Runs, where the state is of the committee's epoch; else waits for what others say.
Result<void> LoneValidator::find_place() {
  auto stored = folder_.stored_epoch();
  if (!stored) return tl::unexpected{stored.error()};
  stored_ = *std::move(stored);
  const bool begins = !stored_ && committee_.epoch == 0;
  if (begins || (stored_ && stored_->epoch == committee_.epoch)) {
    auto committee = committee_of(committee_, begins ? consensus::Committee::Start{} : stored_->start);
    if (!committee) return tl::unexpected{committee.error()};
    if (auto saved = folder_.begin_epoch(committee_); !saved) return saved;
    return run(*committee);
  }
  if (!stored_) {
    if (auto may = folder_.check_may_begin(committee_.epoch, settings_.joins); !may) return may;
  }
  wait_for(fmt::format("the members of the committee of epoch {} to say what it started from", committee_.epoch));
  return {};
}

/// From now on that committee's members are asked. **Errors**: invalid_argument: this validator is none of them.
Result<void> LoneValidator::know(CommitteeFile committee) {
  const auto self = std::ranges::find(committee.members, key_->public_key(), &Member::public_key);
  if (self == committee.members.end()) {
    return fail(Errc::invalid_argument,
                fmt::format("the key in {} is no member's of the committee of epoch {}: {}", settings_.folder.string(),
                            committee.epoch, to_hex(key_->public_key())));
  }
  if (self->name != node_.name()) {
    return fail(Errc::invalid_argument, fmt::format("the key in {} is that of '{}' in the committee, and this node is "
                                                    "'{}'",
                                                    settings_.folder.string(), self->name, node_.name()));
  }
  auto envoys = find_members(node_, committee, kEnvoyName);
  if (!envoys) return tl::unexpected{envoys.error()};
  const auto index = static_cast<std::size_t>(self - committee.members.begin());
  if (envoy_) {
    node_.withdraw(kEnvoyName);
    mesh_.stop_agent(envoy_);
  }
  words_ = std::make_shared<EpochWords>(committee.members.size(), index);
  envoy_ = mesh_.spawn<Envoy>(words_, *std::move(envoys));
  if (auto published = node_.publish(std::string{kEnvoyName}, envoy_); !published) return published;
  const std::lock_guard lock{mutex_};
  committee_ = std::move(committee);
  index_ = index;
  return {};
}

Result<void> LoneValidator::run(const consensus::Committee& committee) {
  auto doors = find_members(node_, committee_, kDoorName);
  if (!doors) return tl::unexpected{doors.error()};
  const auto directory = std::make_shared<Directory>(committee.size());
  std::vector<std::shared_ptr<LetterQueue>> outgoing;
  for (std::size_t i = 0; i < committee.size(); ++i) {
    outgoing.push_back(std::make_shared<LetterQueue>());
    if (i == index_) continue;
    couriers_.push_back(mesh_.spawn<Courier>((*doors)->address(i), outgoing[i]));
    directory->set(i, couriers_.back());
  }
  const ValidatorOptions options{.folder = settings_.folder,
                                 .core = settings_.core,
                                 .executor = settings_.executor,
                                 .saving = settings_.saving,
                                 .begins = folder_.begins(),
                                 .recent_changes_bytes = settings_.recent_changes_bytes,
                                 .outgoing = std::move(outgoing)};
  auto started = RunningValidator::start(mesh_, surroundings_, directory, committee,
                                         static_cast<consensus::ValidatorIndex>(index_), key_, options);
  if (!started) {
    stop_couriers();
    return tl::unexpected{started.error()};
  }
  {
    const std::lock_guard lock{mutex_};
    running_.emplace(std::move(*started));
    last_status_ = {};
  }
  running_committee_ = committee;
  stragglers_until_.reset();
  words_->ask_from(committee.epoch() + 1);
  auto published = folder_.end_beginning(*surroundings_->disk);
  if (published) published = publish();
  if (published) {
    running_->begin();
  } else {
    stop_running();
  }
  return published;
}

Result<void> LoneValidator::publish() {
  const AgentRef& gate = running_->gate();
  if (auto published = node_.publish(std::string{kValidatorName}, gate); !published) return published;
  if (auto published = node_.publish(std::string{kCopiesName}, running_->copies()); !published) return published;
  for (std::size_t i = 0; i < committee_.members.size(); ++i) {
    if (i == index_) continue;
    const std::string& peer = committee_.members[i].name;
    if (auto published = node_.publish_to(peer, std::string{kDoorName}, running_->door(i)); !published) {
      return published;
    }
  }
  return {};
}

void LoneValidator::stop_running() {
  for (const auto name : {kValidatorName, kCopiesName, kDoorName}) node_.withdraw(name);
  std::optional<RunningValidator> ending;  // It takes its time to end: when the lock is gone.
  {
    const std::lock_guard lock{mutex_};
    last_status_ = running_->status();
    ending.emplace(std::move(*running_));
    running_.reset();
  }
  ending.reset();
  stop_couriers();
  running_committee_.reset();
  proposal_.reset();
  words_->set_own({});
}

void LoneValidator::stop_couriers() {
  for (const AgentRef& courier : couriers_) mesh_.stop_agent(courier);
  couriers_.clear();
}

// -- from epoch to epoch ---------------------------------------------------------------------------------------------

void LoneValidator::look() {
  const ValidatorStatus status = this->status();
  if (!status.halted.empty()) return words_->set_own({});
  if (!is_running()) return look_while_waiting(words_->all());
  tell_own_word(status);
  look_while_running(status, words_->all());
}

void LoneValidator::tell_own_word(const ValidatorStatus& status) {
  words_->set_own({.is_here = true,
                   .epoch = committee_.epoch,
                   .has_ended = status.has_ended,
                   .committee = committee_,
                   .start = running_committee_->start(),
                   .next = status.has_ended ? std::nullopt : approved()});
}

std::optional<ApprovedNext> LoneValidator::approved() const {
  auto wanted = folder_.wanted_next(committee_);
  if (!wanted || !*wanted) return std::nullopt;
  const EpochWord told = words_->own();
  if (told.next && told.next->committee == **wanted) return told.next;
  const consensus::Digest digest = consensus::next_committee_digest(committee_.epoch, keys_of(**wanted));
  return ApprovedNext{**std::move(wanted), key_->sign(digest)};
}

void LoneValidator::look_while_running(const ValidatorStatus& status, const std::vector<EpochWords::Heard>& heard) {
  if (status.has_ended) {
    if (!have_all_ended(heard)) return;
  } else {
    const std::vector<EpochWord> words = words_in(heard);
    if (!later_epoch(words, committee_.epoch + 1)) return propose(words);
  }
  if (!running_->ends_copies()) return;
  stop_running();
  auto stored = folder_.stored_epoch();
  if (!stored) return halt(stored.error().message);
  stored_ = *std::move(stored);
  wait_for("the next epoch's committee");
}

/// Has the next committee ordered, once a quorum approves of it. Others do the same; the first counts.
void LoneValidator::propose(const std::vector<EpochWord>& words) {
  const auto agreed = agreed_next(*running_committee_, words, *surroundings_->checker);
  if (!agreed) return;
  const std::vector<consensus::PublicKey> keys = keys_of(agreed->committee);
  const consensus::Digest digest = consensus::next_committee_digest(committee_.epoch, keys);
  if (!proposal_ || proposal_->digest != digest) {
    consensus::ClientId client = 0;
    randombytes_buf(&client, sizeof client);
    const std::vector<consensus::Transaction> one{
        consensus::Transaction::reconfigure(committee_.epoch, keys, agreed->approvals)};
    proposal_ = Proposal{digest, consensus::write_batch(client, 1, one), {}};
  }
  if (Clock::now() < proposal_->next_try) return;
  proposal_->next_try = Clock::now() + kTryAgain;
  running_->submit(proposal_->batch);
}

/// Those who are there; or they have had their time.
bool LoneValidator::have_all_ended(const std::vector<EpochWords::Heard>& heard) {
  const TimePoint now = Clock::now();
  if (!stragglers_until_) stragglers_until_ = now + Duration{limits::kStragglersWait};
  if (now >= *stragglers_until_) return true;
  return std::ranges::none_of(heard, [&](const EpochWords::Heard& each) {
    const bool is_there = each.at && now - *each.at < kHeardLately && each.word.is_here;
    return is_there && !each.word.has_ended && each.word.epoch <= committee_.epoch;
  });
}

void LoneValidator::look_while_waiting(const std::vector<EpochWords::Heard>& heard) {
  const auto is_member = [this](const EpochRecord& record) {
    return std::ranges::find(record.validators, key_->public_key()) != record.validators.end();
  };
  const auto leave = [this](consensus::Epoch epoch) {
    halt(
        fmt::format("this validator is no member of the committee any more, from epoch {} on: it is not needed, and "
                    "its folder can be deleted",
                    epoch));
  };
  if (stored_ && stored_->epoch > committee_.epoch && !is_member(*stored_)) return leave(stored_->epoch);
  if (stored_ && stored_->epoch == committee_.epoch + 1) {
    const auto wanted = folder_.wanted_next(committee_);
    if (wanted && *wanted && keys_of(**wanted) == stored_->validators) {
      if (auto begun = begin(**wanted, *stored_); !begun) halt(begun.error().message);
      return;
    }
  }
  const consensus::Epoch from = std::max(committee_.epoch, stored_ ? stored_->epoch : 0);
  words_->ask_from(from);
  const auto later = later_epoch(words_in(heard), from);
  if (!later) return;
  const EpochRecord record{later->committee.epoch, later->start, 0, keys_of(later->committee)};
  if (!is_member(record)) return leave(record.epoch);
  if (stored_ && stored_->epoch == record.epoch) {
    if (stored_->validators != record.validators || !same(stored_->start, record.start)) {
      return halt(
          fmt::format("the others have begun epoch {} from another state than this validator has: its state is "
                      "damaged, or theirs. Replace it by one with a new key",
                      record.epoch));
    }
  } else if (stored_ || record.epoch > 0) {  // epoch 0 starts from nothing
    if (auto fetched = fetch_start(*later, record); !fetched) return wait_for(fetched.error().message);
  }
  if (auto begun = begin(later->committee, record); !begun) halt(begun.error().message);
}

Result<void> LoneValidator::fetch_start(const LaterEpoch& later, const EpochRecord& record) {
  Result<void> outcome =
      fail(Errc::not_found, fmt::format("nobody gives the state that epoch {} starts from", record.epoch));
  const Duration limit = kFetchLimit * (1U << std::min(fetches_, kFetchDoublingsMax));
  ++fetches_;
  for (const std::size_t member : later.told_by) {
    if (stopping_.stop_requested()) break;
    const auto copies = node_.find(committee_.members[member].name, kCopiesName);
    if (!copies) continue;
    std::vector<std::byte> state;
    const auto read = read_copy(mesh_, *copies,
                                {.start_of = record.epoch,
                                 .bytes_max = limits::kStartBytesMax,
                                 .patience = limit,
                                 .deadline = Clock::now() + limit,
                                 .stop = stopping_.get_token()},
                                [&](std::span<const std::byte> piece, std::uint64_t) -> Result<void> {
                                  state.insert(state.end(), piece.begin(), piece.end());
                                  return {};
                                });
    outcome = read ? folder_.take_start(record, state) : tl::unexpected{read.error()};
    if (outcome) return {};
    outcome = fail(outcome.error().code, fmt::format("the state that epoch {} starts from, of '{}': {}", record.epoch,
                                                     committee_.members[member].name, outcome.error().message));
  }
  return outcome;
}

Result<void> LoneValidator::begin(CommitteeFile committee, const EpochRecord& record) {
  // Whoever has agreed on it may have known other addresses than this validator was told.
  const CommitteeFile& given = settings_.committee;
  if (given.epoch >= committee.epoch) committee = with_addresses(std::move(committee), given);
  auto made = committee_of(committee, record.start);
  if (!made) return tl::unexpected{made.error()};
  if (auto known = know(committee); !known) return known;
  if (auto saved = folder_.begin_epoch(committee); !saved) return saved;
  if (auto started = run(*made); !started) return started;
  folder_.forget_wanted(committee.epoch);
  fetches_ = 0;
  return {};
}

// -- what others see -------------------------------------------------------------------------------------------------

void LoneValidator::wait_for(std::string what) {
  const std::lock_guard lock{mutex_};
  last_status_.waiting = std::move(what);
}

void LoneValidator::halt(std::string why) {
  const std::lock_guard lock{mutex_};
  last_status_.halted = std::move(why);
}

bool LoneValidator::is_running() const {
  const std::lock_guard lock{mutex_};
  return running_.has_value();
}

std::size_t LoneValidator::index() const {
  const std::lock_guard lock{mutex_};
  return index_;
}

CommitteeFile LoneValidator::committee() const {
  const std::lock_guard lock{mutex_};
  return committee_;
}

ValidatorStatus LoneValidator::status() const {
  const std::lock_guard lock{mutex_};
  return running_ ? running_->status() : last_status_;
}

}  // namespace myelin::validator
