/// Drives the consensus core: feeds it what happens, and carries out what it decides.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "agents/parts.hpp"
#include "myelin/actors/agent.hpp"
#include "myelin/consensus/core.hpp"
#include "myelin/validator/log_file.hpp"

namespace myelin::validator {

/// What an orderer is made of.
struct OrdererOptions {
  consensus::ValidatorIndex self = 0;
  const consensus::Signer* signer = nullptr;  ///< Outlives the mesh.
  consensus::CoreOptions core{};
  std::function<consensus::WallTime()> wall_clock;
  std::optional<OpenedLog> log;         ///< None: nothing is kept, and a validator that ends is gone for good.
  consensus::CommitIndex executed = 0;  ///< The state that the executor begins with.
  std::uint64_t log_bytes_kept = 0;     ///< A log below this size is not started anew.
};

/// Effects are carried out in the order given. While the disk syncs, those behind wait, and the core goes on.
class Orderer final : public Agent {
 public:
  Orderer(std::shared_ptr<Parts> parts, consensus::Committee committee, OrdererOptions options);

  static void handlers(Handlers<Orderer>& on);
  void on_start() override;

 private:
  void begin(schema::Begin::Reader);
  void look(schema::HandedOver::Reader);
  void drive();
  void perform(consensus::Append& effect);
  void perform(consensus::Sync& effect);
  void perform(consensus::Broadcast& effect);
  void perform(consensus::Send& effect);
  void perform(consensus::Committed& effect);
  void perform(consensus::Expected& effect);
  void perform(consensus::Overloaded& effect);
  void perform(consensus::Returned& effect);
  void perform(consensus::SnapshotWanted& effect);
  void perform(consensus::InstallSnapshot& effect);
  void perform(consensus::Accuse& effect);
  void perform(consensus::WakeAt& effect);
  void perform(consensus::Halt& effect);

  /// To a validator, or to its courier.
  void post(std::size_t to, const AgentRef& address, Frame letter, bool is_answer);
  void order(ExecutorOrder order);
  void shorten_log(consensus::CommitIndex saved);
  void end_sync(LogFile::Flush flush, const Result<void>& outcome);
  void halt(std::string reason);
  void show_status();
  [[nodiscard]] consensus::Now core_time() const;

  std::shared_ptr<Parts> parts_;
  consensus::Committee committee_;
  OrdererOptions options_;
  std::optional<consensus::Core> core_;
  std::deque<EpochEvent> inbox_;
  std::deque<consensus::Effect> effects_;
  CorrelationId wake_ = 0;
  std::uint64_t syncs_ = 0;
  bool is_syncing_ = false;
  bool has_halted_ = false;
};

}  // namespace myelin::validator
