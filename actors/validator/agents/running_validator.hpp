/// One validator of a group: its agents, and the files that they use.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

#include "agents/parts.hpp"
#include "agents/surroundings.hpp"
#include "myelin/actors/mesh.hpp"
#include "myelin/base/result.hpp"
#include "myelin/consensus/committee.hpp"
#include "myelin/consensus/core_options.hpp"
#include "myelin/consensus/crypto.hpp"
#include "myelin/consensus/state_machine.hpp"
#include "myelin/validator/disk.hpp"
#include "myelin/validator/folder_lock.hpp"
#include "myelin/validator/group.hpp"

namespace myelin::validator {

struct ValidatorOptions {
  std::filesystem::path folder;  ///< Empty: nothing is kept.
  consensus::CoreOptions core{};
  consensus::Executor executor = consensus::Executor::automatic;
  SavingOptions saving{};
  bool begins = false;  ///< It has never run: there need not be a log yet.
  std::size_t recent_changes_bytes = 0;
  /// Where peers are in other processes: letters for each wait here, for a courier. Empty: `directory` has the peers
  /// themselves.
  std::vector<std::shared_ptr<LetterQueue>> outgoing{};
};

/// **Thread-safety**: thread-compatible. Never to be used in an agent.
class RunningValidator {
 public:
  /// Opens its files and starts its agents. It does nothing before begin(). `key`: its own, at `self` in the committee.
  /// **Errors**: what opening the files gives.
  [[nodiscard]] static Result<RunningValidator> start(Mesh& mesh, std::shared_ptr<Surroundings> surroundings,
                                                      std::shared_ptr<Directory> directory,
                                                      const consensus::Committee& committee,
                                                      consensus::ValidatorIndex self,
                                                      std::shared_ptr<const consensus::Signer> key,
                                                      const ValidatorOptions& options);
  RunningValidator(RunningValidator&&) noexcept = default;
  RunningValidator& operator=(RunningValidator&&) = delete;
  ~RunningValidator();

  /// Once all others can be reached, too.
  void begin();
  /// Stops its agents wherever they are, and returns when they have let go of its files.
  void stop();

  /// Where clients reach it.
  [[nodiscard]] const AgentRef& gate() const noexcept { return parts_->gate; }
  /// Where a peer's letters come in, that is in another process.
  [[nodiscard]] const AgentRef& door(std::size_t peer) const { return parts_->doors[peer]; }

  /// Gives copies of its state to other processes.
  [[nodiscard]] const AgentRef& copies() const noexcept { return parts_->copies; }
  /// No copy is made from now on; whether none is being made any more. Until then it must not be stopped and started
  /// anew, for its state's file is open.
  [[nodiscard]] bool ends_copies() {
    parts_->makes_no_copies = true;
    return !parts_->is_copying;
  }

  /// Has a batch ordered, on behalf of nobody who waits for it.
  void submit(consensus::PayloadBatch batch);

  /// A copy of the state, to be made by whoever calls what this returns: on any thread, even while the validator is
  /// stopped; until then its folder stays in use. **Requires**: the validator keeps its state. **Errors**: those of
  /// StateStore::backup(); receiver_dead: it ended first.
  [[nodiscard]] std::function<Result<void>()> backup(std::filesystem::path path);

  [[nodiscard]] ValidatorStatus status() const { return parts_->status(); }

 private:
  RunningValidator(Mesh& mesh, std::shared_ptr<Parts> parts, consensus::Epoch epoch);

  Mesh* mesh_;
  std::shared_ptr<Parts> parts_;
  consensus::Epoch epoch_;
};

}  // namespace myelin::validator
