/// Executes what was ordered, and tells clients what became of it.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "agents/parts.hpp"
#include "myelin/actors/agent.hpp"
#include "myelin/consensus/state_machine.hpp"
#include "myelin/validator/limits.hpp"
#include "myelin/validator/state_store.hpp"

namespace myelin::validator {

/// What an executor is made of.
struct ExecutorOptions {
  std::vector<EpochRecord> epochs;  ///< Up to the one that it is in; or that comes next, where that has ended.
  std::uint64_t payload_bytes_per_save = 0;
  std::size_t recent_changes_bytes = 0;
  std::function<consensus::WallTime()> wall_clock;
  consensus::CostClock* clock = nullptr;  ///< Outlives the mesh; null: the mesh's.
  std::size_t snapshot_bytes_max = limits::kSnapshotBytesMax;
};

/// The replicated state and the clients that wait. While nothing is to be executed, it executes what will probably come
/// next.
class Executor final : public Agent {
 public:
  /// `store`: null where nothing is kept. `machine`: as the store has it.
  Executor(std::shared_ptr<Parts> parts, consensus::StateMachine machine, std::shared_ptr<StateStore> store,
           ExecutorOptions options);

  static void handlers(Handlers<Executor>& on);
  void on_start() override;

 private:
  struct Waiter {
    bool wants_replies;
    Reply<schema::BatchAnswer> reply;
  };
  using BatchName = std::pair<consensus::ClientId, consensus::Sequence>;

  void look(schema::HandedOver::Reader);
  void perform_some();
  void perform(ExecuteCommit& order);
  void perform(ExecuteAhead& order);
  void perform(TakeSnapshot& order);
  void perform(InstallState& order);
  void perform(AwaitOutcome& order);
  void perform(TurnAway& order);
  void perform(ReadNow& order);
  void perform(Watch& order);
  void perform(SaveState& order);

  void note_changes();
  void serve_watchers();
  /// Whether it was answered.
  bool serve(Watch& watch);
  void answer(Watch& watch, const RecentChanges::Page& page);
  void end_watch(std::uint64_t watcher);
  void answer(const consensus::BatchOutcome& outcome, std::vector<Waiter> waiters);
  void install(const InstallState& order);
  /// The state is the last of its epoch, after the commit with this digest.
  void end_epoch(const consensus::Digest& commit);
  void note_next_epoch(const consensus::Digest& commit);
  void save_end();
  void finish_install(const InstallState& order, bool is_good);
  /// Has the state saved on another thread, then calls `then`.
  void save(std::function<void()> then);
  /// Of the state as it is.
  [[nodiscard]] bool has_snapshot() const;
  void watch_standstill();
  /// As soon as they may be given again.
  void give_snapshots_in_time();
  /// To all who want one: of the state as it is.
  void give_snapshots();
  void report(bool is_root_wanted);
  void report(consensus::Event event);
  void halt(std::string reason);
  void forget_late_waiters();
  void show_status();

  std::shared_ptr<Parts> parts_;
  consensus::StateMachine machine_;
  std::deque<ExecutorOrder> orders_;  // not performed yet
  std::map<BatchName, std::vector<Waiter>> waiting_;
  std::optional<consensus::Commit> likely_;
  consensus::AuthorMask snapshots_wanted_ = 0;  // by whom
  bool is_watching_standstill_ = false;
  bool are_snapshots_due_ = false;                          // a timer is set
  std::shared_ptr<const std::vector<std::byte>> snapshot_;  // of the state as it is, while nothing more is executed
  consensus::IndexedDigest snapshot_state_;
  TimePoint next_snapshots_;
  consensus::CommitIndex reported_ = 0;
  std::shared_ptr<StateStore> store_;
  ExecutorOptions options_;
  std::uint64_t unsaved_bytes_ = 0;  // of payload
  consensus::CommitIndex saved_ = 0;
  TimePoint last_save_;
  bool is_saving_ = false;
  bool is_end_unsaved_ = false;
  std::vector<SaveState> want_save_;        // one that begins after they asked
  std::optional<InstallState> to_install_;  // once the save under way has ended
  bool has_halted_ = false;
  RecentChanges recent_;
  struct Watcher {
    Watch watch;
    CorrelationId timer = 0;
  };
  std::map<std::uint64_t, Watcher> watchers_;
  std::uint64_t last_watcher_ = 0;
  bool has_news_ = false;  // for watchers
};

}  // namespace myelin::validator
