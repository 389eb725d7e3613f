/// A group of validators: what keeps the shared memory.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "myelin/actors/mesh.hpp"
#include "myelin/base/result.hpp"
#include "myelin/base/time.hpp"
#include "myelin/consensus/core_options.hpp"
#include "myelin/consensus/state_machine.hpp"
#include "myelin/validator/directory.hpp"
#include "myelin/validator/limits.hpp"
#include "myelin/validator/status.hpp"

namespace myelin::validator {

/// When the state is saved, and the log started anew.
struct SavingOptions {
  std::uint64_t payload_bytes_per_save = limits::kPayloadBytesPerSave;
  std::uint64_t log_bytes_kept = limits::kLogBytesKept;
};

struct GroupOptions {
  /// 1 to 64. Of n validators (n - 1) / 3 may fail in any way: four bear one. One alone bears none, and is for
  /// development.
  std::size_t validators = 4;
  /// Where the validators keep their keys, logs and states: each in a folder of its own, made where it is missing, and
  /// found again at the next start. Empty: nothing is kept.
  std::filesystem::path folder{};
  /// False: what is written to the logs may be lost with the machine's power, though not with the process. For
  /// measuring what syncing costs.
  bool syncs = true;
  /// Validators that are not to be started, for their keys, logs or states are lost: to be replaced. Of n, (n - 1) / 3
  /// can be left out.
  std::vector<std::size_t> left_out{};
  SavingOptions saving{};
  /// What each validator keeps in memory of the last changes, for Memory::changes(); 0: nothing, and whoever watches is
  /// always told that it is too late.
  std::size_t recent_changes_bytes = limits::kRecentChangesBytes;
  consensus::CoreOptions core{};
  consensus::Executor executor = consensus::Executor::automatic;
  /// Nanoseconds since 1970; by default the system's clock.
  std::function<consensus::WallTime()> wall_clock{};
};

/// Validators that all run in one process, each with its own agents, key and state. They trust each other no more than
/// if they did not.
///
/// **Thread-safety**: thread-safe, but for construction and destruction. To be destroyed before its mesh.
class ValidatorGroup {
 public:
  /// Starts them on `mesh`, which should have limits::kJobsPerValidator job threads (MeshConfig::job_threads) for each:
  /// there they wait for their disks. **Errors**: invalid_argument, naming the option.
  [[nodiscard]] static Result<ValidatorGroup> start(Mesh& mesh, const GroupOptions& options);
  ~ValidatorGroup();
  ValidatorGroup(ValidatorGroup&&) noexcept;
  ValidatorGroup& operator=(ValidatorGroup&&) noexcept;

  [[nodiscard]] std::size_t size() const noexcept;
  /// Where clients reach them.
  [[nodiscard]] const std::shared_ptr<Directory>& directory() const noexcept;
  /// As of some tenths of a second ago. **Requires**: validator < size().
  [[nodiscard]] ValidatorStatus status(std::size_t validator) const;

  /// Ends a validator in the middle of whatever it does: what it has not on disk is lost. Returns when it has ended;
  /// waits for backups that are under way. Does nothing to one that is not running. **Requires**: validator < size().
  /// Never call this in an agent.
  void crash(std::size_t validator);
  /// Starts one again that has crashed, from its disk. **Errors**: invalid_argument: it is running, or the group keeps
  /// nothing; what opening its files gives. **Requires**: validator < size().
  [[nodiscard]] Result<void> restart(std::size_t validator);

  /// Replaces a validator by one with a new key, in the same folder and under the same index: for one whose key, log
  /// or disk was lost, or is not trusted any more. The others agree on it and begin a new epoch, in which the old key
  /// is worth nothing; what is in the memory stays, and calls that come meanwhile wait. Where this is broken off, by a
  /// crash or the limit, it may yet take effect: then the group goes on with it, and restart() starts the validator. To
  /// call it again does no harm.
  /// **Errors**: invalid_argument: the group keeps nothing; timeout: too few validators run to agree on it, or they did
  /// not within the limit, or a backup was under way as long; what opening files gives: those that could not open
  /// theirs are not running, as their status says, and the others are. **Requires**: validator < size(). Never call
  /// this in an agent.
  [[nodiscard]] Result<void> replace(std::size_t validator, Duration limit = std::chrono::seconds{60});

  /// Has a validator save its state, and copies that into a new file, which restore_group() reads. It is on disk
  /// when this returns; the group goes on meanwhile. It is the state after one commit, the last that this validator had
  /// executed: one that is behind the others lacks what they have been asked for since. It has no keys of validators,
  /// and is believed as far as this validator is; its root says whether two backups are the same.
  /// **Errors**: invalid_argument: it is not running, the group keeps nothing, or there is such a file; receiver_dead:
  /// it ended meanwhile; io_error. **Requires**: validator < size(). Never call this in an agent. **Cost**: blocks for
  /// the disk; reads and writes the whole state.
  [[nodiscard]] Result<void> backup(std::size_t validator, const std::filesystem::path& path) const;

 private:
  class Impl;
  explicit ValidatorGroup(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace myelin::validator
