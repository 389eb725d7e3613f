/// What the transactions of a block have written so far, each under its own number: memory for many threads at once.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "execution/arena.hpp"
#include "execution/cell.hpp"
#include "execution/key_order.hpp"
#include "execution/state_table.hpp"

namespace myelin::consensus {

/// A transaction's number in its block.
using TaskIndex = std::uint32_t;
inline constexpr TaskIndex kNoTask = 0xffff'ffff;

/// One write. Never changed once others can see it, and never freed before the block's end: its address names it.
struct Written {
  TaskIndex task = 0;  ///< Who wrote.
  ValueKind kind = ValueKind::absent;
  bool is_delta = false;  ///< To be added to what lies below.
  std::int64_t number = 0;
  ClientId holder = 0;
  WallTime expires = 0;
  std::string_view bytes;

  [[nodiscard]] Cell cell() const noexcept { return {kind, number, holder, expires, bytes}; }
  [[nodiscard]] static Written of(TaskIndex task, const Cell& cell, bool is_delta) noexcept {
    return {task, cell.kind, is_delta, cell.number, cell.holder, cell.expires, cell.bytes};
  }
};

/// A transaction's place in the list of a key's writers. One cache line, for other threads read it.
struct alignas(64) Version {
  // The address of what was written last; 0: nothing any more; with kEstimate: what an aborted run wrote, and the next
  // run will probably write again.
  static constexpr std::uintptr_t kEstimate = 1;

  std::atomic<std::uintptr_t> written{0};
  std::atomic<Version*> next{nullptr};  // The next lower transaction. Versions are added, and never taken out.
  Written first;                        // What was written first: most write once, and it is near.

  [[nodiscard]] TaskIndex task() const noexcept { return first.task; }
};
static_assert(sizeof(Version) == 64);

/// A key that the block has touched. What is looked at most lies on its first cache line, with the text of a short key.
struct alignas(64) Slot {
  std::uint64_t hash = 0;
  Slot* next = nullptr;  // in its bucket
  std::atomic<Version*> newest{nullptr};
  std::string_view key;
  std::array<char, 24> text;                 // of a key that fits
  Cell base;                                 ///< Before the block. What is over is absent.
  const StateTable::Entry* entry = nullptr;  ///< Of the state; null where it has none.
  std::atomic<bool> is_listed{false};        // in the order of new keys
};

/// What a transaction sees of a key.
struct Seen {
  Cell cell;
  const Written* written = nullptr;  ///< What the cell is of; null: of the state before the block.
  TaskIndex blocked_by = kNoTask;    ///< Not to be known before this transaction has run again.
};

/// Whether both are surely the same. Numbers are compared as such: who read one does not care who wrote it.
[[nodiscard]] inline bool is_same(const Seen& seen, const Written* written, ValueKind kind,
                                  std::int64_t number) noexcept {
  if (seen.blocked_by != kNoTask || seen.cell.kind != kind) return false;
  switch (kind) {
    case ValueKind::absent: return true;
    case ValueKind::number: return seen.cell.number == number;
    default: return seen.written == written;
  }
}

/// A lock-free hash table of slots, each with a lock-free list of versions, highest transaction first; both only grow.
/// **Thread-safety**: thread-safe, but for begin(). **Source**: the multi-version memory of
/// Block-STM (Gelashvili et al., 2022).
class MultiVersionMemory {
 public:
  /// Empties it for a block. `keys_max`: so many will it hardly touch more of. `has_ranges`: new keys are to be kept in
  /// order.
  /// **Requires**: `state` does not change until for_each_written() has been called.
  void begin(const StateTable& state, WallTime time, std::size_t keys_max, std::size_t workers, bool has_ranges);

  [[nodiscard]] Slot& slot(std::string_view key, Arena& arena, std::size_t worker) {
    return slot(key, state_->hash(key), arena, worker);
  }
  [[nodiscard]] Slot& slot(std::string_view key, std::uint64_t hash, Arena& arena, std::size_t worker);

  /// Says that slot() will be called soon for a key of this hash, so that its memory is at hand then.
  void expect(std::uint64_t hash) const noexcept {
    __builtin_prefetch(&buckets_[hash & mask_]);
    state_->expect(hash);
  }
  [[nodiscard]] std::uint64_t hash(std::string_view key) const noexcept { return state_->hash(key); }

  /// What the transaction sees: the highest write below its own.
  [[nodiscard]] Seen see(const Slot& slot, TaskIndex task) const noexcept;
  /// A key's kind costs less than its number: it need not be added up.
  [[nodiscard]] Seen see_kind(const Slot& slot, TaskIndex task) const noexcept;

  /// Adds what the transaction writes to the slot. **Requires**: it was not added before, or has nothing there.
  [[nodiscard]] static Version& add_version(Slot& slot, const Written& written, Arena& arena);

  /// Calls `visit(key, seen)` for keys of the range that hold something, in order, until it returns false or the
  /// range ends. Returns the transaction that it is blocked by, or kNoTask. **Requires**: begin() with `has_ranges`.
  template <class Visit>
  TaskIndex visit_range(std::string_view first, std::string_view end, TaskIndex task, Visit visit) const {
    auto below = state_->ordered().lower_bound(first);
    const KeyOrder::Node* above = order_.lower_bound(first);
    const auto is_within = [end](std::string_view key) { return end.empty() || key < end; };
    while (true) {
      const bool has_below = below != state_->ordered().end() && is_within(below->first);
      const bool has_above = above && is_within(above->key);
      if (!has_below && !has_above) return kNoTask;
      Seen seen;
      std::string_view key;
      if (has_above && (!has_below || above->key <= below->first)) {
        if (has_below && above->key == below->first) ++below;
        key = above->key;
        seen = see(*static_cast<const Slot*>(above->slot), task);
        above = KeyOrder::next(above);
      } else {
        key = below->first;
        const Slot* slot = find(key, below->second->hash);
        if (slot) {
          seen = see(*slot, task);
        } else {
          seen.cell = shown(below->second->cell());
        }
        ++below;
      }
      if (seen.blocked_by != kNoTask) return seen.blocked_by;
      if (seen.cell.kind != ValueKind::absent && !visit(key, seen)) return kNoTask;
    }
  }

  /// Calls `visit(slot, cell)` for each key that was written, and that this worker met first, with what it holds in the
  /// end. In no particular order. **Thread-safety**: thread-safe, once the block has been executed.
  template <class Visit>
  void for_each_written(std::size_t worker, Visit visit) const {
    for (const Slot* slot : slots_[worker]) {
      if (is_written(*slot)) visit(*slot, see(*slot, kNoTask).cell);
    }
  }
  /// Keys that the block has touched.
  [[nodiscard]] std::size_t size() const noexcept {
    std::size_t size = 0;
    for (const std::vector<Slot*>& slots : slots_) size += slots.size();
    return size;
  }

 private:
  [[nodiscard]] Slot* find(std::string_view key, std::uint64_t hash) const noexcept;
  [[nodiscard]] Cell shown(const Cell& cell) const noexcept;
  void list(Slot& slot, Arena& arena);
  [[nodiscard]] static bool is_written(const Slot& slot) noexcept;

  const StateTable* state_ = nullptr;
  WallTime time_ = 0;
  bool has_ranges_ = false;
  std::size_t mask_ = 0;
  std::size_t capacity_ = 0;
  std::unique_ptr<std::atomic<Slot*>[]> buckets_;
  std::vector<std::vector<Slot*>> slots_;  // by the worker that made them
  KeyOrder order_;                         // keys that the state did not hold
};

}  // namespace myelin::consensus
