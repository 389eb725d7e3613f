#include "agents/running_validator.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <chrono>
#include <filesystem>
#include <future>
#include <system_error>
#include <thread>
#include <utility>

#include "agents/door.hpp"
#include "agents/executor.hpp"
#include "agents/gate.hpp"
#include "agents/orderer.hpp"
#include "agents/state_copies.hpp"
#include "storage/epoch_files.hpp"

namespace myelin::validator {

namespace {

// How often to look whether the agents have ended: nobody tells a thread.
constexpr std::chrono::milliseconds kLook{1};
// An agent that is stuck is left behind, as its mesh does.
constexpr std::chrono::seconds kStopLimit{10};

/// What a validator has of the committee's epoch: all on disk.
struct Opened {
  OpenedLog log;
  std::shared_ptr<StateStore> store;
  std::vector<EpochRecord> epochs;
};

EpochRecord record_of(const consensus::Committee& committee) {
  return {committee.epoch(), committee.start(), 0, committee.keys()};
}

/// Loads the state, and begins the epoch if the one before has ended. Its log is there before the state says that it
/// has begun: from then on the log must not be missing.
Result<Opened> open_files(Disk& disk, const consensus::Committee& committee, const std::filesystem::path& folder,
                          bool begins, consensus::StateMachine& machine) {
  auto opened = StateStore::open(state_path(folder));
  if (!opened) return tl::unexpected{opened.error()};
  auto store = std::make_shared<StateStore>(std::move(*opened));
  if (auto loaded = store->load(machine); !loaded) return tl::unexpected{loaded.error()};
  auto view = store->view();
  if (!view) return tl::unexpected{view.error()};
  auto epochs = view->epochs();
  if (!epochs) return tl::unexpected{epochs.error()};
  if (epochs->empty()) epochs->push_back(record_of(committee));
  if (epochs->back().validators != committee.keys() || epochs->back().epoch != committee.epoch()) {
    // A state that others voted for is none of ours.
    return fail(Errc::invalid_argument,
                fmt::format("the state in {} was voted for by validators with other keys", folder.string()));
  }
  const bool begins_epoch = machine.has_ended() && machine.epoch() + 1 == committee.epoch();
  if (!begins_epoch && (machine.has_ended() || machine.epoch() != committee.epoch())) {
    return fail(Errc::corrupt_file,
                fmt::format("the state in {} is of {} {}, and the committee is of epoch {}: restart the validator "
                            "when the others have begun a later epoch, or replace it",
                            folder.string(), machine.has_ended() ? "the end of epoch" : "epoch", machine.epoch(),
                            committee.epoch()));
  }
  const std::filesystem::path path = log_path(folder, committee.epoch());
  if (std::error_code ignored; !begins && !begins_epoch && !std::filesystem::exists(path, ignored)) {
    return fail(Errc::corrupt_file,
                fmt::format("the log {} is lost: its validator must not vote with its old key. Restore the log, or "
                            "replace the validator by one with a new key",
                            path.string()));
  }
  if (const auto start = start_path(folder, committee.epoch()); begins_epoch && !std::filesystem::exists(start)) {
    if (auto copied = store->copy(start); !copied) return tl::unexpected{copied.error()};
  }
  auto log = LogFile::open(disk, path, committee, random_log_salt());
  if (!log) return tl::unexpected{log.error()};
  if (begins_epoch) {
    if (auto begun = machine.begin_epoch(); !begun) return tl::unexpected{begun.error()};
    if (auto saved = store->save(machine.take_changes(), *epochs); !saved) return tl::unexpected{saved.error()};
    remove_epochs_before(folder, committee.epoch());
  }
  return Opened{std::move(*log), std::move(store), std::move(*epochs)};
}

}  // namespace

Result<RunningValidator> RunningValidator::start(Mesh& mesh, std::shared_ptr<Surroundings> surroundings,
                                                 std::shared_ptr<Directory> directory,
                                                 const consensus::Committee& committee, consensus::ValidatorIndex self,
                                                 std::shared_ptr<const consensus::Signer> key,
                                                 const ValidatorOptions& options) {
  std::optional<FolderLock> lock;
  OrdererOptions orderer{.self = self, .signer = key.get(), .core = options.core, .wall_clock = {}, .log = {}};
  orderer.wall_clock = surroundings->wall_clock;
  orderer.log_bytes_kept = options.saving.log_bytes_kept;
  if (!options.folder.empty()) {
    auto taken = FolderLock::take(options.folder);
    if (!taken) return tl::unexpected{taken.error()};
    lock.emplace(std::move(*taken));
  }
  consensus::ExecutionOptions execution{.executor = options.executor, .clock = surroundings->clock.get()};
  execution.tracks_unsaved = !options.folder.empty();
  execution.tracks_recent = options.recent_changes_bytes > 0;
  execution.validators = committee.keys();
  execution.checker = surroundings->checker.get();
  randombytes_buf(&execution.hash_seed, sizeof execution.hash_seed);
  consensus::StateMachine machine{execution};
  std::shared_ptr<StateStore> store;
  ExecutorOptions executor{
      .epochs = {}, .payload_bytes_per_save = options.saving.payload_bytes_per_save, .wall_clock = {}};
  if (options.folder.empty()) {
    executor.epochs.push_back(record_of(committee));
  } else {
    auto opened = open_files(*surroundings->disk, committee, options.folder, options.begins, machine);
    if (!opened) return tl::unexpected{opened.error()};
    orderer.log.emplace(std::move(opened->log));
    orderer.executed = machine.applied();
    store = std::move(opened->store);
    executor.epochs = std::move(opened->epochs);
  }
  executor.recent_changes_bytes = options.recent_changes_bytes;
  executor.wall_clock = surroundings->wall_clock;
  executor.clock = surroundings->clock.get();

  auto parts = std::make_shared<Parts>();
  parts->folder_lock = std::move(lock);
  parts->self = self;
  parts->outgoing = options.outgoing;
  parts->directory = std::move(directory);
  parts->keep_alive =
      std::make_shared<std::pair<std::shared_ptr<Surroundings>, std::shared_ptr<const consensus::Signer>>>(
          surroundings, std::move(key));
  parts->executor = mesh.spawn<Executor>(parts, std::move(machine), std::move(store), std::move(executor));
  const bool is_alone = !options.outgoing.empty();
  parts->gate = mesh.spawn<Gate>(parts, committee, *surroundings->checker, surroundings->checked, !is_alone);
  for (std::size_t i = 0; is_alone && i < committee.size(); ++i) {
    const auto peer = static_cast<consensus::ValidatorIndex>(i);
    parts->doors.push_back(mesh.spawn<Door>(parts, committee, *surroundings->checker, surroundings->checked, peer));
  }
  if (is_alone && !options.folder.empty()) {
    parts->copies = mesh.spawn<StateCopies>(parts, options.folder, committee.epoch());
  }
  parts->orderer = mesh.spawn<Orderer>(parts, committee, std::move(orderer));
  parts->directory->set(self, parts->gate);
  return RunningValidator{mesh, std::move(parts), committee.epoch()};
}

RunningValidator::RunningValidator(Mesh& mesh, std::shared_ptr<Parts> parts, consensus::Epoch epoch)
    : mesh_{&mesh}, parts_{std::move(parts)}, epoch_{epoch} {}

RunningValidator::~RunningValidator() { stop(); }

void RunningValidator::begin() {
  mesh_->tell(parts_->orderer, [](schema::Begin::Builder) {});
}

std::function<Result<void>()> RunningValidator::backup(std::filesystem::path path) {
  SaveState order;
  std::shared_future<std::shared_ptr<StateStore>> saved = order.saved.get_future().share();
  if (parts_->orders.put(std::move(order))) mesh_->tell(parts_->executor, [](schema::HandedOver::Builder) {});
  return [parts = parts_, saved = std::move(saved), path = std::move(path)]() -> Result<void> {
    try {
      return saved.get()->backup(path);
    } catch (const std::future_error&) {
      return fail(Errc::receiver_dead,
                  fmt::format("validator {} has ended, and not saved its state for the backup '{}'", parts->self,
                              path.string()));
    }
  };
}

void RunningValidator::submit(consensus::PayloadBatch batch) {
  EpochEvent event{epoch_, consensus::Submitted{std::move(batch)}};
  if (parts_->events.put(std::move(event))) mesh_->tell(parts_->orderer, [](schema::HandedOver::Builder) {});
}

void RunningValidator::stop() {
  if (!parts_) return;
  for (const AgentRef& agent : {parts_->gate, parts_->orderer, parts_->executor}) mesh_->stop_agent(agent);
  for (const AgentRef& door : parts_->doors) mesh_->stop_agent(door);
  if (parts_->copies) mesh_->stop_agent(parts_->copies);
  parts_->orders.close();  // whoever waits for one of them is told
  // Agents, and a flush on its way to the disk, each hold the parts.
  const auto limit = std::chrono::steady_clock::now() + kStopLimit;
  while (parts_.use_count() > 1 && std::chrono::steady_clock::now() < limit) std::this_thread::sleep_for(kLook);
  parts_.reset();
}

}  // namespace myelin::validator
