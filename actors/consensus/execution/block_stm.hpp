/// Executes a block's transactions on many threads at once, as if one after the other; their keys need not be known.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "execution/arena.hpp"
#include "execution/execute.hpp"
#include "execution/multi_version.hpp"
#include "execution/state_table.hpp"
#include "myelin/consensus/state_machine.hpp"
#include "myelin/consensus/workers.hpp"

namespace myelin::consensus {

/// Optimistic: a transaction runs on what the lower ones have written so far, and what it read is put down. In order of
/// their numbers the transactions are validated: what was read is read again. If it differs, the transaction is
/// aborted, its writes become estimates, and it runs again, as does validation from there on. Who reads an estimate
/// waits for its writer. Once all are validated, each has read what it would have read had they run one after the
/// other.
///
/// Unlike in the paper, validation does not go past a transaction that has not run yet, which spares validations that
/// would have to be repeated.
///
/// **Thread-safety**: thread-compatible. **Source**: Gelashvili et al., Block-STM: Scaling Blockchain Execution by
/// Turning Ordering Curse to a Performance Blessing, 2022.
class BlockStm {
 public:
  /// `faults`: null for none.
  explicit BlockStm(ExecutionFaults* faults) noexcept : faults_{faults} {}

  /// Executes the tasks and writes what comes of it into `cells`. False if it gave up, with `cells` as they were: a
  /// transaction was aborted again and again, or memory ran out, or a fault was injected.
  /// `has_ranges`: whether there may be an Operation::range among them. **Requires**: no Operation::reconfigure; the
  /// state has room for all they can write.
  [[nodiscard]] bool execute(StateTable& cells, WallTime time, std::span<const Task> tasks, bool has_ranges,
                             Workers& workers);

  /// Runs and validations of the last block.
  [[nodiscard]] std::uint64_t executions() const noexcept;
  [[nodiscard]] std::uint64_t validations() const noexcept;

 private:
  class View;

  enum class Phase : std::uint8_t { ready, executing, executed, aborting };
  [[nodiscard]] static Phase phase_of(std::uint64_t status) noexcept { return static_cast<Phase>(status & 3); }

  /// What of a key a transaction went by.
  enum class Matter : std::uint8_t { all, kind, is_addable };
  struct Read {
    Slot* slot;
    const Written* written;
    std::int64_t number;
    ValueKind kind;
    Matter matter;
  };
  struct RangeEntry {
    std::string_view key;
    const Written* written;
    std::int64_t number;
    ValueKind kind;
  };
  struct RangeRead {
    std::string_view first;
    std::string_view end;
    std::span<const RangeEntry> entries;
    bool is_full;  // stopped by its bounds, not by the range's end
  };
  struct Write {
    Slot* slot;
    Cell cell;
    bool is_delta;
  };
  struct Published {
    Slot* slot;
    Version* version;
  };
  /// What one run of a transaction read and wrote. Never changed once others can see it.
  struct Record {
    std::span<const Read> reads;
    std::span<const RangeRead> ranges;
    std::span<const Published> writes;
  };

  /// Two on a cache line: neighbours are mostly run by the same thread.
  struct alignas(32) Entry {
    std::atomic<std::uint64_t> status{0};        // run << 2 | phase
    std::atomic<TaskIndex> waiters{kNoTask};     // who waits for this one: a stack
    TaskIndex next_waiter = kNoTask;             // in the stack this one is in
    std::atomic<const Record*> record{nullptr};  // of the last run
    std::atomic<std::uint32_t> runner{0};        // the worker that ran it last
  };

  /// Transactions that a worker takes from a cursor at a time, at most.
  static constexpr TaskIndex kTakenMax = 8;
  /// What a worker has taken and not come to yet.
  struct Taken {
    TaskIndex at = 0;
    TaskIndex end = 0;
  };
  /// The slots of the first keys that a transaction names, found before it runs.
  static constexpr std::size_t kHints = 2;
  struct Hint {
    std::string_view key;
    Slot* slot = nullptr;
  };
  struct alignas(64) Worker {
    std::atomic<bool> is_active{false};
    alignas(64) Taken to_execute;
    Taken to_validate;
    TaskIndex first_to_validate = 0;
    std::array<std::uint64_t, kTakenMax> statuses{};          // of those to validate from the first on, when taken
    std::array<std::array<Hint, kHints>, kTakenMax> hints{};  // of those that were taken last
    std::uint64_t executions = 0;
    std::uint64_t validations = 0;
    Arena arena;
    std::vector<Read> reads;
    std::vector<RangeRead> ranges;
    std::vector<Write> writes;
    std::vector<Published> published;
    StateTable::Changes changes;
    std::vector<std::pair<const Slot*, Cell>> new_keys;
  };

  enum class JobKind : std::uint8_t { none, execution, validation };
  struct Job {
    JobKind kind = JobKind::none;
    TaskIndex task = kNoTask;
    std::uint64_t run = 0;
  };

  void write_back(StateTable& cells, Workers& workers);
  void begin(WallTime time, std::span<const Task> tasks, std::size_t workers);
  void work(std::size_t worker) noexcept;
  [[nodiscard]] Job next_job(std::size_t worker);
  [[nodiscard]] Job next_execution(Worker& worker) noexcept;
  [[nodiscard]] Job next_validation(Worker& worker) noexcept;
  [[nodiscard]] TaskIndex taken_at_once(TaskIndex ahead) const noexcept;
  [[nodiscard]] bool take_executions(std::size_t worker);
  void find_slots(TaskIndex begin, TaskIndex end, std::size_t worker);
  [[nodiscard]] bool take_validations(std::size_t worker, bool are_all_wanted) noexcept;
  [[nodiscard]] Job run_execution(const Job& job, std::size_t worker);
  [[nodiscard]] Job run_validation(const Job& job, Worker& worker);
  [[nodiscard]] static const Published* find_write(const Record& record, const Slot* slot) noexcept;
  void publish(Entry& entry, TaskIndex task, Worker& worker);
  [[nodiscard]] bool is_valid(TaskIndex task) const;
  [[nodiscard]] bool is_valid(const Read& read, TaskIndex task) const;
  [[nodiscard]] bool is_valid(const RangeRead& range, TaskIndex task) const;
  [[nodiscard]] Job park(TaskIndex task, std::uint64_t run, TaskIndex on);
  [[nodiscard]] Job resume_waiters(Entry& entry);
  [[nodiscard]] bool try_begin(TaskIndex task, std::uint64_t& run) noexcept;
  void set_ahead(TaskIndex ahead) noexcept;
  void lower(std::atomic<TaskIndex>& cursor, TaskIndex to) noexcept;
  [[nodiscard]] bool is_done() const noexcept;

  ExecutionFaults* faults_;
  MultiVersionMemory memory_;
  WallTime time_ = 0;
  std::span<const Task> tasks_;
  TaskIndex size_ = 0;
  std::unique_ptr<Entry[]> entries_;
  std::size_t entries_capacity_ = 0;
  std::unique_ptr<Worker[]> workers_;
  std::size_t worker_count_ = 0;
  TaskIndex taken_max_ = 1;
  alignas(64) std::atomic<TaskIndex> execution_cursor_{0};
  alignas(64) std::atomic<TaskIndex> validation_cursor_{0};
  alignas(64) std::atomic<std::uint64_t> lowered_{0};  // times a cursor went down
  alignas(64) std::atomic<TaskIndex> ahead_{0};        // how far execution may be ahead of validation
  alignas(64) std::atomic<bool> is_over_{false};
  std::atomic<bool> has_failed_{false};
};

}  // namespace myelin::consensus
