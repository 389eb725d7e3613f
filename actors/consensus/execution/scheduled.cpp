#include "execution/scheduled.hpp"

#include <algorithm>
#include <bit>
#include <thread>

namespace myelin::consensus {

namespace {

// Transactions that a worker takes from the cursor at a time: neighbours share cache lines.
constexpr std::uint32_t kTakenAtOnce = 8;

// Keys from which on it pays to wake other threads to write them back.
constexpr std::size_t kWriteTogether = 1024;

// Looks for work in vain before the thread lets others have the processor.
constexpr unsigned kIdleLooks = 64;

}  // namespace

/// The block's keys as this transaction finds them: who changes them comes before or after.
class Scheduled::View {
 public:
  View(Scheduled& block, std::uint32_t task, Worker& worker, WallTime time) noexcept
      : block_{block},
        places_{block.places_of_.data() + block.nodes_[task].first_place},
        worker_{worker},
        time_{time} {}

  bool read(std::string_view, unsigned place, Cell& cell) const noexcept {
    cell = at(place).cell;
    return true;
  }
  bool kind(std::string_view, unsigned place, ValueKind& kind) const noexcept {
    kind = at(place).cell.kind;
    return true;
  }
  bool add(std::string_view key, unsigned place, std::int64_t delta) noexcept {
    write(key, place, Cell::of_number(wrapping_add(at(place).cell.number, delta)));
    return true;
  }
  void write(std::string_view, unsigned place, const Cell& cell) noexcept {
    at(place).cell = cell;
    at(place).is_written = true;
  }
  static bool range(std::string_view, std::string_view, std::size_t, std::vector<KeyValue>&) noexcept { return true; }
  [[nodiscard]] static bool has_room(std::size_t, std::size_t) noexcept { return true; }
  [[nodiscard]] WallTime time() const noexcept { return time_; }
  [[nodiscard]] Arena& arena() noexcept { return worker_.arena; }

 private:
  [[nodiscard]] Place& at(unsigned place) const noexcept { return block_.places_[places_[place]]; }

  Scheduled& block_;
  const std::uint32_t* places_;
  Worker& worker_;
  WallTime time_;
};

void Scheduled::execute(StateTable& cells, WallTime time, std::span<const Task> tasks, Workers& workers) {
  begin(tasks, workers.size());
  make_chains(cells, time);
  workers.run([this, time](std::size_t worker) { work(worker, time); });
  write_back(cells, workers);
}

/// Values in place by all threads; keys that are new by one, for they change the table.
void Scheduled::write_back(StateTable& cells, Workers& workers) {
  const std::size_t share = (places_.size() + worker_count_ - 1) / worker_count_;
  const auto write = [&](std::size_t worker) {
    const std::size_t end = std::min(places_.size(), (worker + 1) * share);
    for (std::size_t i = worker * share; i < end; ++i) {
      const Place& place = places_[i];
      if (place.is_written && place.entry) cells.set_apart(*place.entry, place.cell, workers_[worker].changes);
    }
  };
  if (places_.size() >= kWriteTogether) {
    workers.run(write);
  } else {
    for (std::size_t i = 0; i < worker_count_; ++i) write(i);
  }
  for (std::size_t i = 0; i < worker_count_; ++i) cells.absorb(workers_[i].changes);
  for (const Place& place : places_) {
    if (place.is_written && !place.entry) cells.set(place.key, place.hash, place.cell);
  }
}

void Scheduled::begin(std::span<const Task> tasks, std::size_t workers) {
  tasks_ = tasks;
  if (capacity_ < tasks.size()) {
    nodes_ = std::make_unique<Node[]>(tasks.size());
    ready_ = std::make_unique<std::atomic<std::uint32_t>[]>(tasks.size());
    capacity_ = tasks.size();
  }
  for (std::size_t i = 0; i < tasks.size(); ++i) ready_[i].store(kNone, std::memory_order_relaxed);
  index_.assign(std::bit_ceil(std::max<std::size_t>(64, 4 * tasks.size())), kNone);
  places_.clear();
  places_of_.clear();
  edges_.clear();
  readers_.clear();
  if (worker_count_ != workers) workers_ = std::make_unique<Worker[]>(workers);
  worker_count_ = workers;
  for (std::size_t i = 0; i < workers; ++i) {
    workers_[i].arena.reset();
    workers_[i].completed = 0;
  }
  cursor_ = 0;
  ready_head_ = 0;
  ready_tail_ = 0;
  completed_ = 0;
}

void Scheduled::make_chains(const StateTable& cells, WallTime time) {
  for (std::uint32_t task = 0; task < tasks_.size(); ++task) {
    Node& node = nodes_[task];
    node.first_place = static_cast<std::uint32_t>(places_of_.size());
    node.successors = kNone;
    node.missing.store(1, std::memory_order_relaxed);  // the cursor
    const Transaction& transaction = *tasks_[task].transaction;
    switch (transaction.operation) {
      case Operation::malformed: break;
      case Operation::get: access(cells, time, task, transaction.key, false); break;
      case Operation::script:
        for (const std::string_view key : transaction.keys) access(cells, time, task, key, true);
        break;
      case Operation::transfer:
        access(cells, time, task, transaction.key, true);
        access(cells, time, task, transaction.other, true);
        break;
      default: access(cells, time, task, transaction.key, true); break;
    }
  }
}

void Scheduled::access(const StateTable& cells, WallTime time, std::uint32_t task, std::string_view key,
                       bool is_write) {
  const std::uint32_t index = place_of(cells, time, key);
  places_of_.push_back(index);
  Place& place = places_[index];
  if (!is_write) {
    if (place.last_writer != kNone) add_edge(place.last_writer, task);
    readers_.push_back({task, place.last_reader});
    place.last_reader = static_cast<std::uint32_t>(readers_.size() - 1);
    return;
  }
  if (place.last_reader != kNone) {
    // The readers come after the last writer; so need this one only come after them.
    for (std::uint32_t at = place.last_reader; at != kNone; at = readers_[at].next) add_edge(readers_[at].task, task);
    place.last_reader = kNone;
  } else if (place.last_writer != kNone) {
    add_edge(place.last_writer, task);
  }
  place.last_writer = task;
}

std::uint32_t Scheduled::place_of(const StateTable& cells, WallTime time, std::string_view key) {
  const std::uint64_t hash = cells.hash(key);
  if (2 * (places_.size() + 1) > index_.size()) {
    index_.assign(2 * index_.size(), kNone);
    for (std::uint32_t i = 0; i < places_.size(); ++i) {
      std::size_t at = places_[i].hash & (index_.size() - 1);
      while (index_[at] != kNone) at = (at + 1) & (index_.size() - 1);
      index_[at] = i;
    }
  }
  const std::size_t mask = index_.size() - 1;
  std::size_t at = hash & mask;
  for (; index_[at] != kNone; at = (at + 1) & mask) {
    const Place& place = places_[index_[at]];
    if (place.hash == hash && place.key == key) return index_[at];
  }
  index_[at] = static_cast<std::uint32_t>(places_.size());
  Place& place = places_.emplace_back();
  place.key = key;
  place.hash = hash;
  place.entry = cells.find(key, hash);
  if (place.entry) place.cell = in_force(place.entry->cell(), [time] { return time; });
  return index_[at];
}

void Scheduled::add_edge(std::uint32_t from, std::uint32_t to) {
  if (from == to) return;  // It names a key twice.
  edges_.push_back({to, nodes_[from].successors});
  nodes_[from].successors = static_cast<std::uint32_t>(edges_.size() - 1);
  nodes_[to].missing.fetch_add(1, std::memory_order_relaxed);
}

void Scheduled::work(std::size_t index, WallTime time) {
  Worker& worker = workers_[index];
  const auto size = static_cast<std::uint32_t>(tasks_.size());
  // What it makes ready it runs next: the keys are at hand, and a long chain is not held up.
  const auto run_chain = [&](std::uint32_t task) {
    while (task != kNone) task = run(task, worker, time);
  };
  unsigned idle = 0;
  while (true) {
    if (cursor_.load(std::memory_order_relaxed) < size) {
      const std::uint32_t begin = cursor_.fetch_add(kTakenAtOnce, std::memory_order_relaxed);
      for (std::uint32_t task = begin; task < std::min(size, begin + kTakenAtOnce); ++task) {
        if (passes(task)) run_chain(task);
      }
      continue;
    }
    if (const std::uint32_t task = pop_ready(); task != kNone) {
      run_chain(task);
      idle = 0;
      continue;
    }
    if (worker.completed > 0) {
      completed_.fetch_add(worker.completed, std::memory_order_acq_rel);
      worker.completed = 0;
    }
    if (completed_.load(std::memory_order_acquire) == size) return;
    if (++idle % kIdleLooks == 0) std::this_thread::yield();
  }
}

/// Runs a ready transaction. Returns one that is ready by that, or kNone; others go to ready_.
std::uint32_t Scheduled::run(std::uint32_t task, Worker& worker, WallTime time) {
  View view{*this, task, worker, time};
  static_cast<void>(Execution{view, tasks_[task]}.run());
  ++worker.completed;
  std::uint32_t next = kNone;
  for (std::uint32_t at = nodes_[task].successors; at != kNone; at = edges_[at].next) {
    const std::uint32_t successor = edges_[at].to;
    if (!passes(successor)) continue;
    if (next != kNone) push_ready(next);
    next = successor;
  }
  return next;
}

/// One less to wait for. Whether it was the last.
bool Scheduled::passes(std::uint32_t task) noexcept {
  return nodes_[task].missing.fetch_sub(1, std::memory_order_acq_rel) == 1;
}

void Scheduled::push_ready(std::uint32_t task) noexcept {
  ready_[ready_tail_.fetch_add(1, std::memory_order_acq_rel)].store(task, std::memory_order_release);
}

std::uint32_t Scheduled::pop_ready() noexcept {
  std::uint32_t head = ready_head_.load(std::memory_order_acquire);
  while (head < ready_tail_.load(std::memory_order_acquire)) {
    if (!ready_head_.compare_exchange_weak(head, head + 1, std::memory_order_acq_rel)) continue;
    std::uint32_t task = kNone;
    while ((task = ready_[head].load(std::memory_order_acquire)) == kNone) {
      std::this_thread::yield();  // It is just being put there.
    }
    return task;
  }
  return kNone;
}

}  // namespace myelin::consensus
