/// What the agents of one validator share.
#pragma once

#include <atomic>
#include <cstdint>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "agents/handover.hpp"
#include "agents/recent_changes.hpp"
#include "myelin/actors/agent_ref.hpp"
#include "myelin/actors/reply.hpp"
#include "myelin/consensus/core.hpp"
#include "myelin/consensus/transaction.hpp"
#include "myelin/validator.capnp.h"
#include "myelin/validator/directory.hpp"
#include "myelin/validator/folder_lock.hpp"
#include "myelin/validator/state_store.hpp"
#include "myelin/validator/status.hpp"

namespace myelin::validator {

/// Something for the core of an epoch.
struct EpochEvent {
  consensus::Epoch epoch = 0;
  consensus::Event event;
  std::size_t bytes = 0;  ///< Of what others sent, counted in Parts::received_bytes until the core has taken it.
};

/// The state after a commit is on disk: the log need not reach further back.
struct StateSaved {
  consensus::CommitIndex index = 0;
};
using OrdererNews = std::variant<EpochEvent, StateSaved>;

// What the executor is to do, in the order given.

struct ExecuteCommit {
  consensus::Epoch epoch = 0;
  consensus::Commit commit;
};
/// Worth executing ahead, if nothing else is to be done.
struct ExecuteAhead {
  consensus::Epoch epoch = 0;
  consensus::Commit likely;
};
struct TakeSnapshot {
  consensus::Epoch epoch = 0;
  consensus::ValidatorIndex to = 0;
};
struct InstallState {
  consensus::Epoch epoch = 0;
  consensus::SnapshotPtr snapshot;
};
/// A client waits for what becomes of a batch.
struct AwaitOutcome {
  consensus::ClientId client = 0;
  consensus::Sequence sequence = 0;
  bool wants_replies = false;  ///< Else their digest only.
  Reply<schema::BatchAnswer> reply;
};
/// A batch is not taken: who waits for it is told so.
struct TurnAway {
  consensus::ClientId client = 0;
  consensus::Sequence sequence = 0;
};
/// A client wants to know what the state has right now.
struct ReadNow {
  std::string key;  ///< Empty: only which state it is.
  Duration age_max = Duration::zero();
  Reply<schema::KeyState> reply;
};
/// A client waits for changes; or, where there is an `until`, for the digest of those up to there.
struct Watch {
  ChangesWanted wanted;
  std::optional<ChangePlace> until;
  Duration wait = Duration::zero();
  Reply<schema::ChangesAnswer> reply;
};
/// A thread wants the state saved, and then the store. Where it stays without, the validator has ended.
struct SaveState {
  std::promise<std::shared_ptr<StateStore>> saved;
};
using ExecutorOrder = std::variant<ExecuteCommit, ExecuteAhead, TakeSnapshot, InstallState, AwaitOutcome, TurnAway,
                                   ReadNow, Watch, SaveState>;

/// The agents of a validator, and what they hand each other. The handles are set before any of them is told to begin,
/// and not changed after. **Thread-safety**: thread-safe from then on.
struct Parts {
  std::optional<FolderLock> folder_lock;   ///< Held until the last flush is over.
  std::shared_ptr<const void> keep_alive;  ///< What the agents refer to.
  std::shared_ptr<Directory> directory;
  consensus::ValidatorIndex self = 0;
  AgentRef gate;
  AgentRef orderer;
  AgentRef executor;
  Handover<OrdererNews> events;                 // to the orderer
  std::atomic<std::size_t> received_bytes = 0;  // in `events`, or on to the core
  Handover<ExecutorOrder> orders;               // to the executor

  /// One of the agents cannot go on: nor can the others. What they are still given is dropped.
  void halt(const std::string& reason) {
    directory->set(self, {});
    set_status([&](ValidatorStatus& status) {
      if (status.halted.empty()) status.halted = reason;
    });
    has_halted_ = true;
    events.close();
    orders.close();
  }
  [[nodiscard]] bool has_halted() const noexcept { return has_halted_; }

  void set_status(const auto& change) {
    const std::lock_guard lock{status_mutex_};
    change(status_);
  }
  [[nodiscard]] ValidatorStatus status() const {
    const std::lock_guard lock{status_mutex_};
    return status_;
  }

 private:
  std::atomic<bool> has_halted_ = false;
  mutable std::mutex status_mutex_;
  ValidatorStatus status_;
};

}  // namespace myelin::validator
