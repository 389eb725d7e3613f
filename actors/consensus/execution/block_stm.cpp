#include "execution/block_stm.hpp"

#include <algorithm>
#include <thread>

#include "execution/key_hash.hpp"
#include "execution/range.hpp"

namespace myelin::consensus {

namespace {

// Runs of one transaction before the block is given up. On few threads a second or third run is seldom aborted.
constexpr std::uint64_t kRunsMax = 64;
// Runs that one thread does in all, for each transaction of the block: then sequential would have been done long since.
constexpr std::uint64_t kRunsPerTask = 2;

// How far execution may be ahead of validation. Far, and one slow transaction holds up nobody; near, and little is in
// vain where transactions conflict, and the lists of a key's writers stay short. So it goes up slowly with each
// transaction found valid, and down by half with each that is not.
constexpr TaskIndex kAheadMin = 32;
constexpr TaskIndex kAheadMax = 4096;
constexpr TaskIndex kAheadStart = 256;
constexpr TaskIndex kAheadStep = 16;  // valid ones before it goes up by as many

// The nearer, the fewer are taken at a time: who runs one while the one before it waits for its turn reads in vain what
// that one will write.
constexpr TaskIndex kAheadPerTaken = 64;
// In a small block each worker still takes so often.
constexpr TaskIndex kTakesMin = 16;
// What others have run, and not validated while each worker has taken so often, is up to anybody.
constexpr TaskIndex kLeftMax = 4;

// Looks for work in vain before the thread lets others have the processor.
constexpr unsigned kIdleLooks = 64;

// Keys from which on it pays to wake other threads to write them back.
constexpr std::size_t kWriteTogether = 1024;

// A transaction's first reads are searched before it looks for a key's slot.
constexpr std::size_t kReadsSearched = 8;

template <class T>
std::span<const T> copy_to(Arena& arena, const std::vector<T>& items) {
  if (items.empty()) return {};
  auto* copy = static_cast<T*>(arena.allocate(items.size() * sizeof(T), alignof(T)));
  std::uninitialized_copy(items.begin(), items.end(), copy);
  return {copy, items.size()};
}

/// Calls `visit(key)` for the first keys that a transaction names in its text, `keys_max` at most. Those that a script
/// only stores are left out: mostly it has loaded them before.
template <class Visit>
void for_first_keys(const Transaction& transaction, std::size_t keys_max, Visit visit) {
  using StepOperation = ScriptStep::Operation;
  switch (transaction.operation) {
    case Operation::malformed:
    case Operation::range:
    case Operation::reconfigure: return;
    case Operation::script:
      for (const ScriptStep& step : transaction.steps) {
        if (step.operation != StepOperation::load || step.left != ScriptStep::kNoRegister || step.bytes.empty())
          continue;
        if (keys_max-- == 0) return;
        visit(step.bytes);
      }
      return;
    case Operation::transfer:
      visit(transaction.key);
      visit(transaction.other);
      return;
    default: visit(transaction.key); return;
  }
}

}  // namespace

/// What a transaction sees while it runs; puts down what it read and what it wants to write.
class BlockStm::View {
 public:
  View(BlockStm& block, TaskIndex task, std::size_t worker) noexcept
      : block_{block}, worker_{block.workers_[worker]}, worker_index_{worker}, task_{task} {
    worker_.reads.clear();
    worker_.ranges.clear();
    worker_.writes.clear();
  }

  bool read(std::string_view key, unsigned, Cell& cell) {
    if (const Read* before = find_read(key); before && before->matter == Matter::all) {
      cell = cell_of(*before);
      return true;
    }
    Slot& slot = find(key);
    const Seen seen = block_.memory_.see(slot, task_);
    if (is_blocked(seen.blocked_by)) return false;
    worker_.reads.push_back({&slot, seen.written, seen.cell.number, seen.cell.kind, Matter::all});
    cell = seen.cell;
    return true;
  }
  bool kind(std::string_view key, unsigned, ValueKind& kind) {
    if (const Read* before = find_read(key)) {
      kind = before->kind;
      return true;
    }
    Slot& slot = find(key);
    const Seen seen = block_.memory_.see_kind(slot, task_);
    if (is_blocked(seen.blocked_by)) return false;
    worker_.reads.push_back({&slot, nullptr, 0, seen.cell.kind, Matter::kind});
    kind = seen.cell.kind;
    return true;
  }
  bool add(std::string_view key, unsigned, std::int64_t delta) {
    // The read is that of the kind. Whether there was a number already does not matter.
    worker_.reads.back().matter = Matter::is_addable;
    worker_.writes.push_back({&find(key), Cell::of_number(delta), true});
    return true;
  }
  void write(std::string_view key, unsigned, const Cell& cell) { worker_.writes.push_back({&find(key), cell, false}); }
  bool range(std::string_view first, std::string_view end, std::size_t limit, std::vector<KeyValue>& entries) {
    RangeFiller filler{limit, entries};
    std::vector<RangeEntry> seen_entries;
    bool is_full = false;
    const TaskIndex blocked_by =
        block_.memory_.visit_range(first, end, task_, [&](std::string_view key, const Seen& seen) {
          is_full = !filler.add(key, seen.cell);
          // One that did not fit is put down too: were it smaller, it might.
          seen_entries.push_back({key, seen.written, seen.cell.number, seen.cell.kind});
          return !is_full;
        });
    if (is_blocked(blocked_by)) return false;
    worker_.ranges.push_back({first, end, copy_to(worker_.arena, seen_entries), is_full});
    return true;
  }
  [[nodiscard]] static bool has_room(std::size_t, std::size_t) noexcept { return true; }
  [[nodiscard]] WallTime time() const noexcept { return block_.time_; }
  [[nodiscard]] Arena& arena() noexcept { return worker_.arena; }

  [[nodiscard]] TaskIndex blocked_by() const noexcept { return blocked_by_; }

 private:
  /// A transaction mostly writes where it has read: that is found again without hashing.
  [[nodiscard]] Slot& find(std::string_view key) {
    const Read* before = find_read(key);
    if (before) return *before->slot;
    for (const Hint& hint : worker_.hints[task_ % kTakenMax]) {
      if (hint.slot && hint.key.data() == key.data() && hint.key.size() == key.size()) return *hint.slot;
    }
    return block_.memory_.slot(key, worker_.arena, worker_index_);
  }
  [[nodiscard]] const Read* find_read(std::string_view key) const noexcept {
    for (std::size_t i = std::min(worker_.reads.size(), kReadsSearched); i-- > 0;) {
      if (is_same_key(worker_.reads[i].slot->key, key)) return &worker_.reads[i];
    }
    return nullptr;
  }
  [[nodiscard]] static Cell cell_of(const Read& read) noexcept {
    if (read.kind == ValueKind::number) return Cell::of_number(read.number);
    return read.written ? read.written->cell() : read.slot->base;
  }
  [[nodiscard]] bool is_blocked(TaskIndex by) noexcept {
    blocked_by_ = by;
    return by != kNoTask;
  }

  BlockStm& block_;
  Worker& worker_;
  std::size_t worker_index_;
  TaskIndex task_;
  TaskIndex blocked_by_ = kNoTask;
};

bool BlockStm::execute(StateTable& cells, WallTime time, std::span<const Task> tasks, bool has_ranges,
                       Workers& workers) {
  if (has_ranges) cells.order();
  begin(time, tasks, workers.size());
  memory_.begin(cells, time, 2 * tasks.size(), workers.size(), has_ranges);
  workers.run([this](std::size_t worker) { work(worker); });
  if (has_failed_) return false;
  write_back(cells, workers);
  return true;
}

/// Values in place by all threads; keys that are new by one, for they change the table.
void BlockStm::write_back(StateTable& cells, Workers& workers) {
  const auto write = [&](std::size_t index) {
    Worker& worker = workers_[index];
    worker.new_keys.clear();
    memory_.for_each_written(index, [&](const Slot& slot, const Cell& cell) {
      slot.entry ? cells.set_apart(*slot.entry, cell, worker.changes)
                 : static_cast<void>(worker.new_keys.emplace_back(&slot, cell));
    });
  };
  if (memory_.size() >= kWriteTogether) {
    workers.run(write);
  } else {
    for (std::size_t i = 0; i < worker_count_; ++i) write(i);
  }
  for (std::size_t i = 0; i < worker_count_; ++i) {
    cells.absorb(workers_[i].changes);
    for (const auto& [slot, cell] : workers_[i].new_keys) cells.set(slot->key, slot->hash, cell);
  }
}

void BlockStm::begin(WallTime time, std::span<const Task> tasks, std::size_t workers) {
  time_ = time;
  tasks_ = tasks;
  size_ = static_cast<TaskIndex>(tasks.size());
  if (entries_capacity_ < tasks.size()) {
    entries_ = std::make_unique<Entry[]>(tasks.size());
    entries_capacity_ = tasks.size();
  }
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    entries_[i].status.store(0, std::memory_order_relaxed);
    entries_[i].waiters.store(kNoTask, std::memory_order_relaxed);
    entries_[i].record.store(nullptr, std::memory_order_relaxed);
  }
  if (worker_count_ != workers) workers_ = std::make_unique<Worker[]>(workers);
  worker_count_ = workers;
  for (std::size_t i = 0; i < workers; ++i) {
    workers_[i].is_active = false;
    workers_[i].to_execute = {};
    workers_[i].hints = {};
    workers_[i].to_validate = {};
    workers_[i].executions = 0;
    workers_[i].validations = 0;
    workers_[i].arena.reset();
  }
  taken_max_ = std::clamp<TaskIndex>(size_ / static_cast<TaskIndex>(workers * kTakesMin), 1, kTakenMax);
  execution_cursor_ = 0;
  ahead_ = kAheadStart;
  validation_cursor_ = 0;
  lowered_ = 0;
  is_over_ = false;
  has_failed_ = false;
}

void BlockStm::work(std::size_t index) noexcept {
  Worker& worker = workers_[index];
  try {
    Job job;
    unsigned idle = 0;
    bool is_active = false;
    while (!is_over_.load(std::memory_order_acquire)) {
      if (job.kind == JobKind::none) {
        // Active before it takes a job: a job that is taken is never overlooked by is_done().
        if (!is_active) worker.is_active.store(true);
        is_active = true;
        job = next_job(index);
      }
      switch (job.kind) {
        case JobKind::none:
          worker.is_active.store(false);
          is_active = false;
          if (is_done()) is_over_.store(true, std::memory_order_release);
          if (++idle % kIdleLooks == 0) std::this_thread::yield();
          continue;
        case JobKind::execution: job = run_execution(job, index); break;
        case JobKind::validation: job = run_validation(job, worker); break;
      }
      idle = 0;
    }
  } catch (...) {
    has_failed_ = true;
    is_over_ = true;
  }
}

// Whether no job is left. Were there one, then since before the cursors were read: but who holds one is active, and who
// makes one lowers a cursor first.
bool BlockStm::is_done() const noexcept {
  const std::uint64_t lowered = lowered_.load();
  if (validation_cursor_.load() < size_ || execution_cursor_.load() < size_) return false;
  for (std::size_t i = 0; i < worker_count_; ++i) {
    if (workers_[i].is_active.load()) return false;
  }
  return lowered_.load() == lowered;
}

/// Neighbours are taken together: a cursor's cache line goes from thread to thread less often, and a transaction's data
/// lie next to its neighbours'.
BlockStm::Job BlockStm::next_job(std::size_t index) {
  Worker& worker = workers_[index];
  do {
    if (const Job job = next_validation(worker); job.kind != JobKind::none) return job;
    if (const Job job = next_execution(worker); job.kind != JobKind::none) return job;
  } while (take_validations(index, false) || take_executions(index) || take_validations(index, true));
  return {};
}

BlockStm::Job BlockStm::next_execution(Worker& worker) noexcept {
  Taken& taken = worker.to_execute;
  while (taken.at < taken.end) {
    const TaskIndex task = taken.at++;
    std::uint64_t run = 0;
    if (try_begin(task, run)) return {JobKind::execution, task, run};
  }
  return {};
}

TaskIndex BlockStm::taken_at_once(TaskIndex ahead) const noexcept {
  return std::clamp<TaskIndex>(ahead / kAheadPerTaken, 1, taken_max_);
}

bool BlockStm::take_executions(std::size_t index) {
  const TaskIndex ahead = ahead_.load(std::memory_order_relaxed);
  const TaskIndex end = std::min(size_, validation_cursor_.load(std::memory_order_relaxed) + ahead);
  if (execution_cursor_.load(std::memory_order_relaxed) >= end) return false;
  const TaskIndex count = taken_at_once(ahead);
  const TaskIndex begin = execution_cursor_.fetch_add(count);
  Taken& taken = workers_[index].to_execute;
  taken = {std::min(begin, size_), std::min(begin + count, size_)};
  find_slots(taken.at, taken.end, index);
  return true;
}

/// Finds the keys of several transactions at once: waiting for the memory of one is waiting for that of all.
void BlockStm::find_slots(TaskIndex begin, TaskIndex end, std::size_t index) {
  Worker& worker = workers_[index];
  std::array<std::uint64_t, kTakenMax * kHints> hashes;
  std::array<Hint*, kTakenMax * kHints> hints;
  std::size_t count = 0;
  for (TaskIndex task = begin; task < end; ++task) {
    std::array<Hint, kHints>& own = worker.hints[task % kTakenMax];
    own = {};
    std::size_t used = 0;
    for_first_keys(*tasks_[task].transaction, kHints, [&](std::string_view key) {
      own[used].key = key;
      hints[count] = &own[used++];
      hashes[count] = memory_.hash(key);
      memory_.expect(hashes[count++]);
    });
  }
  for (std::size_t i = 0; i < count; ++i) {
    hints[i]->slot = &memory_.slot(hints[i]->key, hashes[i], worker.arena, index);
  }
  for (std::size_t i = 0; i < count; ++i) {
    __builtin_prefetch(hints[i]->slot->newest.load(std::memory_order_relaxed));
  }
}

BlockStm::Job BlockStm::next_validation(Worker& worker) noexcept {
  Taken& taken = worker.to_validate;
  if (taken.at == taken.end) return {};
  const TaskIndex task = taken.at++;
  // An abort after the cursor had passed it puts the cursor back. If there was one before, the cursor may have been
  // where the abort puts it already: then it is up to us. It must not have run again, either: meanwhile others may have
  // validated higher ones, which must be validated again. An abort changes the status and then looks at the cursor, we
  // changed the cursor and now look at the status: one of both is seen, for all four are sequentially consistent.
  const std::uint64_t status = entries_[task].status.load();
  if (status == worker.statuses[task - worker.first_to_validate]) return {JobKind::validation, task, status >> 2};
  lower(validation_cursor_, task);
  taken = {};
  return {};
}

/// Takes transactions that have run, up to the first that has not. If not all are wanted, only those that this worker
/// has run itself, for it has in its cache what they read and wrote; or those that the other workers have left lying.
bool BlockStm::take_validations(std::size_t index, bool are_all_wanted) noexcept {
  Worker& worker = workers_[index];
  const TaskIndex taken = taken_at_once(ahead_.load(std::memory_order_relaxed));
  const TaskIndex left_max = kLeftMax * taken * static_cast<TaskIndex>(worker_count_);
  TaskIndex at = validation_cursor_.load();
  while (at < size_) {
    const bool is_any =
        are_all_wanted || taken == 1 || execution_cursor_.load(std::memory_order_relaxed) >= at + left_max;
    TaskIndex end = at;
    for (; end < size_ && end < at + taken; ++end) {
      const std::uint64_t status = entries_[end].status.load();
      if (phase_of(status) != Phase::executed) break;
      if (!is_any && entries_[end].runner.load(std::memory_order_relaxed) != index) break;
      worker.statuses[end - at] = status;
    }
    if (end == at) return false;
    if (!validation_cursor_.compare_exchange_strong(at, end)) continue;
    worker.to_validate = {at, end};
    worker.first_to_validate = at;
    return true;
  }
  return false;
}

bool BlockStm::try_begin(TaskIndex task, std::uint64_t& run) noexcept {
  std::atomic<std::uint64_t>& status = entries_[task].status;
  std::uint64_t seen = status.load();
  if (phase_of(seen) != Phase::ready) return false;
  run = seen >> 2;
  return status.compare_exchange_strong(seen, run << 2 | static_cast<std::uint64_t>(Phase::executing));
}

void BlockStm::set_ahead(TaskIndex ahead) noexcept {
  ahead_.store(std::clamp(ahead, kAheadMin, kAheadMax), std::memory_order_relaxed);
}

void BlockStm::lower(std::atomic<TaskIndex>& cursor, TaskIndex to) noexcept {
  TaskIndex at = cursor.load();
  while (at > to && !cursor.compare_exchange_weak(at, to)) {
  }
  lowered_.fetch_add(1);
}

BlockStm::Job BlockStm::run_execution(const Job& job, std::size_t index) {
  Worker& worker = workers_[index];
  ++worker.executions;
  if (job.run >= kRunsMax || worker.executions > kRunsPerTask * size_ + kRunsMax ||
      (faults_ && faults_->block_stm_fails(job.task, job.run))) {
    has_failed_ = true;
    is_over_ = true;
    return {};
  }
  View view{*this, job.task, index};
  if (!Execution{view, tasks_[job.task]}.run()) return park(job.task, job.run, view.blocked_by());
  Entry& entry = entries_[job.task];
  publish(entry, job.task, worker);
  entry.runner.store(static_cast<std::uint32_t>(index), std::memory_order_relaxed);
  // Release is enough. Who sees it sees what was published. Who comes to wait for it, and is not among those whom
  // resume_waiters() takes from the stack, has changed the stack after that did: by this it sees the status.
  entry.status.store(job.run << 2 | static_cast<std::uint64_t>(Phase::executed), std::memory_order_release);
  return resume_waiters(entry);
}

const BlockStm::Published* BlockStm::find_write(const Record& record, const Slot* slot) noexcept {
  const auto found = std::ranges::find(record.writes, slot, &Published::slot);
  return found == record.writes.end() ? nullptr : &*found;
}

/// Shows others what the run wrote, and takes back what only the run before wrote.
void BlockStm::publish(Entry& entry, TaskIndex task, Worker& worker) {
  const Record* before = entry.record.load(std::memory_order_acquire);
  worker.published.clear();
  for (const Write& write : worker.writes) {
    const auto written = Written::of(task, write.cell, write.is_delta);
    const Published* same = before ? find_write(*before, write.slot) : nullptr;
    if (!same) {
      worker.published.push_back({write.slot, &MultiVersionMemory::add_version(*write.slot, written, worker.arena)});
      continue;
    }
    const auto* again = worker.arena.make<Written>(written);
    same->version->written.store(reinterpret_cast<std::uintptr_t>(again), std::memory_order_release);
    worker.published.push_back(*same);
  }
  if (before) {
    for (const Published& old : before->writes) {
      const bool is_kept = std::ranges::find(worker.writes, old.slot, &Write::slot) != worker.writes.end();
      if (!is_kept) old.version->written.store(0, std::memory_order_release);
    }
  }
  const auto* record =
      worker.arena.make<Record>(copy_to(worker.arena, worker.reads), copy_to(worker.arena, worker.ranges),
                                copy_to(worker.arena, worker.published));
  entry.record.store(record, std::memory_order_release);
}

bool BlockStm::is_valid(TaskIndex task) const {
  const Record& record = *entries_[task].record.load(std::memory_order_acquire);
  for (const Read& read : record.reads) {
    if (!is_valid(read, task)) return false;
  }
  return std::ranges::all_of(record.ranges, [&](const RangeRead& range) { return is_valid(range, task); });
}

bool BlockStm::is_valid(const Read& read, TaskIndex task) const {
  if (read.matter == Matter::all) return is_same(memory_.see(*read.slot, task), read.written, read.kind, read.number);
  const Seen seen = memory_.see_kind(*read.slot, task);
  if (seen.blocked_by != kNoTask) return false;
  if (read.matter == Matter::kind) return seen.cell.kind == read.kind;
  return seen.cell.kind == ValueKind::absent || seen.cell.kind == ValueKind::number;
}

bool BlockStm::is_valid(const RangeRead& range, TaskIndex task) const {
  std::size_t at = 0;
  bool is_same_so_far = true;
  const TaskIndex blocked_by =
      memory_.visit_range(range.first, range.end, task, [&](std::string_view key, const Seen& seen) {
        is_same_so_far = at < range.entries.size() && range.entries[at].key == key &&
                         is_same(seen, range.entries[at].written, range.entries[at].kind, range.entries[at].number);
        ++at;
        return is_same_so_far && !(range.is_full && at == range.entries.size());
      });
  return blocked_by == kNoTask && is_same_so_far && at == range.entries.size();
}

BlockStm::Job BlockStm::run_validation(const Job& job, Worker& worker) {
  ++worker.validations;
  if (is_valid(job.task)) {
    if (worker.validations % kAheadStep == 0) set_ahead(ahead_.load(std::memory_order_relaxed) + kAheadStep);
    return {};
  }
  set_ahead(ahead_.load(std::memory_order_relaxed) / 2);
  Entry& entry = entries_[job.task];
  std::uint64_t status = job.run << 2 | static_cast<std::uint64_t>(Phase::executed);
  if (!entry.status.compare_exchange_strong(status, job.run << 2 | static_cast<std::uint64_t>(Phase::aborting))) {
    return {};  // Somebody else found out, too.
  }
  for (const Published& write : entry.record.load(std::memory_order_acquire)->writes) {
    write.version->written.fetch_or(Version::kEstimate, std::memory_order_acq_rel);
  }
  // Whoever read what is now an estimate must be validated again, and so must this one.
  lower(validation_cursor_, job.task);
  worker.to_validate = {};  // Those that were taken with it are among them.
  const std::uint64_t run = job.run + 1;
  entry.status.store(run << 2 | static_cast<std::uint64_t>(Phase::executing));
  return {JobKind::execution, job.task, run};
}

BlockStm::Job BlockStm::park(TaskIndex task, std::uint64_t run, TaskIndex on) {
  Entry& waiter = entries_[task];
  Entry& entry = entries_[on];
  waiter.status.store(run << 2 | static_cast<std::uint64_t>(Phase::aborting));
  TaskIndex top = entry.waiters.load();
  do {
    waiter.next_waiter = top;
  } while (!entry.waiters.compare_exchange_weak(top, task));
  // It may have run in the meantime, and not have seen the waiter.
  const bool has_run = phase_of(entry.status.load()) == Phase::executed;
  return has_run ? resume_waiters(entry) : Job{};
}

/// Makes those who wait ready; the lowest of them is the next job.
BlockStm::Job BlockStm::resume_waiters(Entry& entry) {
  TaskIndex lowest = kNoTask, second = kNoTask;
  for (TaskIndex task = entry.waiters.exchange(kNoTask); task != kNoTask;) {
    Entry& waiter = entries_[task];
    const TaskIndex next = waiter.next_waiter;
    const std::uint64_t run = (waiter.status.load() >> 2) + 1;
    waiter.status.store(run << 2 | static_cast<std::uint64_t>(Phase::ready));
    second = std::min(second, std::max(lowest, task));
    lowest = std::min(lowest, task);
    task = next;
  }
  if (lowest == kNoTask) return {};
  if (second != kNoTask) lower(execution_cursor_, second);
  std::uint64_t run = 0;
  return try_begin(lowest, run) ? Job{JobKind::execution, lowest, run} : Job{};
}

std::uint64_t BlockStm::executions() const noexcept {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < worker_count_; ++i) sum += workers_[i].executions;
  return sum;
}

std::uint64_t BlockStm::validations() const noexcept {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < worker_count_; ++i) sum += workers_[i].validations;
  return sum;
}

}  // namespace myelin::consensus
