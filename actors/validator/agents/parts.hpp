/// What the agents of one validator share.
#pragma once

#include <array>
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
#include "agents/letter_queue.hpp"
#include "agents/load.hpp"
#include "agents/recent_changes.hpp"
#include "myelin/actors/agent_ref.hpp"
#include "myelin/actors/reply.hpp"
#include "myelin/consensus/core.hpp"
#include "myelin/consensus/limits.hpp"
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
  Load load{};  ///< Of whoever sent it, until the core has taken it.
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
  Load load{};  // of clients, until the executor has taken it; as of those that follow
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
  Load load{};
};
/// A client waits for changes; or, where there is an `until`, for the digest of those up to there.
struct Watch {
  ChangesWanted wanted;
  std::optional<ChangePlace> until;
  Duration wait = Duration::zero();
  Reply<schema::ChangesAnswer> reply;
  Load load{};
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
  AgentRef copies;                                     ///< None where peers are of this process.
  std::vector<AgentRef> doors;                         ///< One a peer; empty where peers are of this process.
  std::vector<std::shared_ptr<LetterQueue>> outgoing;  ///< One a peer; the same.

  // What waits for the orderer, and for the executor. These outlive what is counted in them.
  std::array<LoadAccount, consensus::limits::kValidatorsMax> received_from{};
  LoadAccount submitted_by_clients = 0;
  LoadAccount ordered_by_clients = 0;

  // A copy of the state is being made: meanwhile its file is open, and the validator must not be started anew.
  std::atomic<bool> is_copying = false;
  std::atomic<bool> makes_no_copies = false;  // any more

  Handover<OrdererNews> events;    // to the orderer
  Handover<ExecutorOrder> orders;  // to the executor

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
