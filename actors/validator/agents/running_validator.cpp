#include "agents/running_validator.hpp"

#include <sodium.h>

#include <chrono>
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

}  // namespace

Result<RunningValidator> RunningValidator::start(Mesh& mesh, std::shared_ptr<Surroundings> surroundings,
                                                 std::shared_ptr<Directory> directory,
                                                 const consensus::Committee& committee, consensus::ValidatorIndex self,
                                                 std::shared_ptr<const consensus::Signer> key,
                                                 const ValidatorOptions& options) {
  std::optional<FolderLock> lock;
  OrdererOptions orderer{.self = self, .signer = key.get(), .core = options.core, .wall_clock = {}, .log = {}};
  orderer.wall_clock = surroundings->wall_clock;
  if (!options.folder.empty()) {
    auto taken = FolderLock::take(options.folder);
    if (!taken) return tl::unexpected{taken.error()};
    lock.emplace(std::move(*taken));
    auto log = LogFile::open(*surroundings->disk, options.folder / "log", committee, random_log_salt());
    if (!log) return tl::unexpected{log.error()};
    orderer.log.emplace(std::move(*log));
  }
  consensus::ExecutionOptions execution{.executor = options.executor, .clock = surroundings->clock.get()};
  randombytes_buf(&execution.hash_seed, sizeof execution.hash_seed);

  auto parts = std::make_shared<Parts>();
  parts->directory = std::move(directory);
  parts->keep_alive =
      std::make_shared<std::pair<std::shared_ptr<Surroundings>, std::shared_ptr<const consensus::Signer>>>(
          surroundings, std::move(key));
  parts->executor = mesh.spawn<Executor>(parts, execution);
  parts->gate = mesh.spawn<Gate>(parts, committee, *surroundings->checker);
  parts->orderer = mesh.spawn<Orderer>(parts, committee, std::move(orderer));
  parts->directory->set(self, parts->gate);
  return RunningValidator{mesh, std::move(parts), std::move(lock)};
}

RunningValidator::RunningValidator(Mesh& mesh, std::shared_ptr<Parts> parts, std::optional<FolderLock> lock)
    : mesh_{&mesh}, parts_{std::move(parts)}, lock_{std::move(lock)} {}

RunningValidator::~RunningValidator() { stop(); }

void RunningValidator::begin() {
  mesh_->tell(parts_->orderer, [](schema::Begin::Builder) {});
}

void RunningValidator::stop() {
  if (!parts_) return;
  for (const AgentRef& agent : {parts_->gate, parts_->orderer, parts_->executor}) mesh_->stop_agent(agent);
  // Agents, and a flush on its way to the disk, each hold the parts.
  const auto limit = std::chrono::steady_clock::now() + kStopLimit;
  while (parts_.use_count() > 1 && std::chrono::steady_clock::now() < limit) std::this_thread::sleep_for(kLook);
  parts_.reset();
  lock_.reset();
}

}  // namespace myelin::validator
