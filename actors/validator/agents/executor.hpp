/// Executes what was ordered, and tells clients what became of it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "agents/parts.hpp"
#include "myelin/actors/agent.hpp"
#include "myelin/consensus/state_machine.hpp"

namespace myelin::validator {

/// The replicated state and the clients that wait. While nothing is to be executed, it executes what will probably come
/// next.
class Executor final : public Agent {
 public:
  Executor(std::shared_ptr<Parts> parts, consensus::ExecutionOptions options);

  static void handlers(Handlers<Executor>& on);
  void on_start() override;

 private:
  struct Waiter {
    bool wants_replies;
    Reply<schema::BatchAnswer> reply;
  };
  using BatchName = std::pair<consensus::ClientId, consensus::Sequence>;

  void look(schema::HandedOver::Reader);
  void perform(ExecuteCommit& order);
  void perform(ExecuteAhead& order);
  void perform(TakeSnapshot& order);
  void perform(InstallState& order);
  void perform(AwaitOutcome& order);
  void perform(TurnAway& order);

  void answer(const consensus::BatchOutcome& outcome, std::vector<Waiter> waiters);
  void give_snapshots();
  void report(bool is_root_wanted);
  void report(consensus::Event event);
  void halt(std::string reason);
  void forget_late_waiters();
  void show_status();

  std::shared_ptr<Parts> parts_;
  consensus::StateMachine machine_;
  std::map<BatchName, std::vector<Waiter>> waiting_;
  std::optional<consensus::Commit> likely_;
  std::vector<consensus::ValidatorIndex> want_snapshot_;
  std::shared_ptr<const std::vector<std::byte>> snapshot_;  // of the state that snapshot_state_ names
  consensus::IndexedDigest snapshot_state_;
  consensus::CommitIndex reported_ = 0;
  bool has_halted_ = false;
};

}  // namespace myelin::validator
