#include "agents/running_validator.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <chrono>
#include <filesystem>
#include <future>
#include <system_error>
#include <thread>
#include <utility>

#include "agents/executor.hpp"
#include "agents/gate.hpp"
#include "agents/orderer.hpp"

namespace myelin::validator {

namespace {

// How often to look whether the agents have ended: nobody tells a thread.
constexpr std::chrono::milliseconds kLook{1};
// An agent that is stuck is left behind, as its mesh does.
constexpr std::chrono::seconds kStopLimit{10};

std::vector<consensus::PublicKey> keys_of(const consensus::Committee& committee) {
  std::vector<consensus::PublicKey> keys;
  for (std::size_t i = 0; i < committee.size(); ++i) {
    keys.push_back(committee.key(static_cast<consensus::ValidatorIndex>(i)));
  }
  return keys;
}

// A state that others voted for is none of ours.
Result<void> check_committee(const StateStore& store, const consensus::Committee& committee,
                             const std::filesystem::path& folder) {
  auto view = store.view();
  if (!view) return tl::unexpected{view.error()};
  const auto epochs = view->epochs();
  if (!epochs) return tl::unexpected{epochs.error()};
  if (epochs->empty() || epochs->back().validators == keys_of(committee)) return {};
  return fail(Errc::invalid_argument,
              fmt::format("the state in {} was voted for by validators with other keys", folder.string()));
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
    if (std::error_code ignored; !options.begins && !std::filesystem::exists(options.folder / "log", ignored)) {
      return fail(
          Errc::corrupt_file,
          fmt::format("the log in {} is lost: its validator must not vote with its old key. Restore the log, or "
                      "replace the validator by one with a new key",
                      options.folder.string()));
    }
    auto log = LogFile::open(*surroundings->disk, options.folder / "log", committee, random_log_salt());
    if (!log) return tl::unexpected{log.error()};
    orderer.log.emplace(std::move(*log));
  }
  consensus::ExecutionOptions execution{.executor = options.executor, .clock = surroundings->clock.get()};
  execution.tracks_unsaved = !options.folder.empty();
  execution.tracks_recent = options.recent_changes_bytes > 0;
  randombytes_buf(&execution.hash_seed, sizeof execution.hash_seed);
  consensus::StateMachine machine{execution};
  std::shared_ptr<StateStore> store;
  if (!options.folder.empty()) {
    auto opened = StateStore::open(options.folder / "state");
    if (!opened) return tl::unexpected{opened.error()};
    store = std::make_shared<StateStore>(std::move(*opened));
    if (auto loaded = store->load(machine); !loaded) return tl::unexpected{loaded.error()};
    orderer.executed = machine.applied();
    if (auto same = check_committee(*store, committee, options.folder); !same) return tl::unexpected{same.error()};
  }
  ExecutorOptions executor{
      .epochs = {}, .payload_bytes_per_save = options.saving.payload_bytes_per_save, .wall_clock = {}};
  executor.epochs.push_back({committee.epoch(), committee.start(), 0, keys_of(committee)});
  executor.recent_changes_bytes = options.recent_changes_bytes;
  executor.wall_clock = surroundings->wall_clock;

  auto parts = std::make_shared<Parts>();
  parts->folder_lock = std::move(lock);
  parts->self = self;
  parts->directory = std::move(directory);
  parts->keep_alive =
      std::make_shared<std::pair<std::shared_ptr<Surroundings>, std::shared_ptr<const consensus::Signer>>>(
          surroundings, std::move(key));
  parts->executor = mesh.spawn<Executor>(parts, std::move(machine), std::move(store), std::move(executor));
  parts->gate = mesh.spawn<Gate>(parts, committee, *surroundings->checker);
  parts->orderer = mesh.spawn<Orderer>(parts, committee, std::move(orderer));
  parts->directory->set(self, parts->gate);
  return RunningValidator{mesh, std::move(parts)};
}

RunningValidator::RunningValidator(Mesh& mesh, std::shared_ptr<Parts> parts) : mesh_{&mesh}, parts_{std::move(parts)} {}

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

void RunningValidator::stop() {
  if (!parts_) return;
  for (const AgentRef& agent : {parts_->gate, parts_->orderer, parts_->executor}) mesh_->stop_agent(agent);
  parts_->orders.close();  // whoever waits for one of them is told
  // Agents, and a flush on its way to the disk, each hold the parts.
  const auto limit = std::chrono::steady_clock::now() + kStopLimit;
  while (parts_.use_count() > 1 && std::chrono::steady_clock::now() < limit) std::this_thread::sleep_for(kLook);
  parts_.reset();
}

}  // namespace myelin::validator
