/// One running validator: the shell that carries out what its core decides, on a simulated disk and network.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "cluster/executor.hpp"
#include "cluster/world.hpp"
#include "faults/disk.hpp"
#include "myelin/consensus/core.hpp"
#include "myelin/consensus/log.hpp"

namespace myelin::sim {

class Process;

/// What a Byzantine validator does with what passes through its shell. **Thread-safety**: thread-compatible.
class Tampering {
 public:
  virtual ~Tampering() = default;
  /// An own vertex is to go to all. True: it was taken care of.
  virtual bool broadcast(consensus::Epoch epoch, const consensus::VertexPtr& vertex) = 0;
  /// A message is to go to a peer; it may be changed. False: it is not sent.
  virtual bool send(consensus::Epoch epoch, std::size_t to, consensus::PeerMessage& message) = 0;
  /// A message came from a peer. True: it was taken care of.
  virtual bool receive(const Envelope& envelope) = 0;
  /// The root that the core is told of.
  virtual void executed(consensus::IndexedDigest& state) = 0;
};

/// **Thread-safety**: thread-compatible.
class Process {
 public:
  Process(World& world, const ProcessId& id, Random random);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  /// For the first time, or after a crash: reads its files and goes on from there.
  void start();
  /// The power goes: after so many more steps of carrying effects out, or at once for 0.
  void crash_after(unsigned effects);
  void crash(std::string_view why);

  /// No crash that was planned comes any more, and its disks work.
  void heal();

  void receive(const EnvelopePtr& envelope);
  void submit(std::vector<std::byte> batch);

  void tamper(Tampering* tampering) noexcept { tampering_ = tampering; }

  [[nodiscard]] const ProcessId& id() const noexcept { return id_; }
  [[nodiscard]] bool is_honest() const noexcept { return is_honest_; }
  [[nodiscard]] bool is_up() const noexcept { return is_up_; }
  /// Lost for good: its log was damaged.
  [[nodiscard]] bool is_dead() const noexcept { return is_dead_; }
  [[nodiscard]] Disk& newest_disk();
  [[nodiscard]] consensus::CommitIndex applied() const { return executor_ ? executor_->applied() : 0; }
  [[nodiscard]] consensus::Epoch epoch() const;
  [[nodiscard]] Executor& executor() { return *executor_; }
  /// Damage to the log that the next start must notice.
  void damage_log();
  [[nodiscard]] bool was_damaged() const noexcept { return is_damaged_; }

  /// The core of the newest epoch; null while down.
  [[nodiscard]] const consensus::Core* core() const;
  [[nodiscard]] const consensus::Core* core(consensus::Epoch epoch) const;

  /// Throws Violation where a core holds more than it may.
  void check_memory() const;
  /// Throws Violation where the log, read and replayed, gives another core than the one that wrote it. Only where
  /// nothing is on its way to the disk.
  void check_replay();

  /// Sends to another validator, as this one.
  void post(consensus::Epoch epoch, std::size_t to, Letter letter);

 private:
  struct Log {
    Disk disk;
    std::optional<consensus::LogWriter> writer;
  };

  /// The part of a process that belongs to one epoch.
  struct Member {
    Member(consensus::Committee the_committee, consensus::ValidatorIndex index, Log& the_log)
        : committee{std::move(the_committee)}, self{index}, log{the_log} {}

    consensus::Committee committee;
    consensus::ValidatorIndex self;
    Log& log;
    std::optional<consensus::Core> core;
    std::deque<consensus::Effect> effects;
    std::deque<consensus::Event> inbox;
    std::uint64_t wake = 0;
    bool is_syncing = false;
    bool is_driving = false;
    std::unordered_map<consensus::Digest, std::uint64_t> own_ends;  // Where the log has each own vertex.
  };

  [[nodiscard]] consensus::Now now() const;
  [[nodiscard]] consensus::Committee committee_of(const SavedState::EpochSpan& span);
  [[nodiscard]] consensus::CoreOptions core_options() const;
  void join(const SavedState::EpochSpan& span);
  void begin_log(Log& log, consensus::Epoch epoch);
  [[nodiscard]] std::optional<std::vector<consensus::LogRecord>> read_own_log(Log& log,
                                                                              const consensus::Committee& committee);

  void feed(Member& member, consensus::Event event);
  void drive(Member& member);
  void step(Member& member, consensus::Event event);
  void perform(Member& member, consensus::Effect effect);
  void checkpoint(Member& member);

  void on(Member& member, consensus::Append&& effect);
  void on(Member& member, consensus::Sync&& effect);
  void on(Member& member, consensus::Broadcast&& effect);
  void on(Member& member, consensus::Send&& effect);
  void on(Member& member, consensus::Committed&& effect);
  void on(Member& member, consensus::Expected&& effect);
  void on(Member& member, consensus::Overloaded&& effect);
  void on(Member& member, consensus::Returned&& effect);
  void on(Member& member, consensus::SnapshotWanted&& effect);
  void on(Member& member, consensus::InstallSnapshot&& effect);
  void on(Member& member, consensus::Accuse&& effect);
  void on(Member& member, consensus::WakeAt&& effect);
  void on(Member& member, consensus::Halt&& effect);

  void finish_sync(Member& member);
  void check_sent(Member& member, const consensus::Vertex& vertex);
  void execute_later();
  void execute_next();
  void after_execution(consensus::CommitIndex index, const consensus::Digest& commit);
  void begin_epoch(const consensus::Digest& last_commit);
  void save();

  World& world_;
  ProcessId id_;
  std::string name_;
  Random random_;
  bool is_honest_;
  Tampering* tampering_ = nullptr;
  consensus::WallTime clock_skew_ = 0;
  consensus::ExecutionOptions execution_options_;

  // What survives a crash.
  std::map<consensus::Epoch, Log> logs_;
  SavedState saved_;
  bool is_damaged_ = false;
  bool is_dead_ = false;

  // What does not.
  bool is_up_ = false;
  std::uint64_t life_ = 0;
  std::optional<unsigned> fuse_;
  std::map<consensus::Epoch, std::unique_ptr<Member>> members_;
  std::vector<std::unique_ptr<Member>> departed_;  // Of the life before: somebody may still be looking at one.
  std::optional<Executor> executor_;
  std::deque<std::pair<consensus::Epoch, consensus::Commit>> to_execute_;
  bool is_executing_ = false;
  std::vector<std::vector<std::byte>> held_batches_;
  unsigned executed_since_save_ = 0;
  TimePoint last_execution_;
  unsigned saves_ = 0;
  bool wants_checkpoint_ = false;
};

}  // namespace myelin::sim
