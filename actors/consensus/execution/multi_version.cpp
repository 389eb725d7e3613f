#include "execution/multi_version.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "execution/execute.hpp"
#include "execution/key_hash.hpp"

namespace myelin::consensus {

namespace {

constexpr std::size_t kBucketsMin = 64;
// A block that meets as many keys as it may after one that met few finds so many times as many in a bucket.
constexpr std::size_t kCrowding = 8;

const Written* written_of(std::uintptr_t address) noexcept { return reinterpret_cast<const Written*>(address); }

}  // namespace

void MultiVersionMemory::begin(const StateTable& state, WallTime time, std::size_t keys_max, std::size_t workers,
                               bool has_ranges) {
  state_ = &state;
  time_ = time;
  has_ranges_ = has_ranges;
  // Blocks are mostly like the one before: where that met few keys, few buckets are enough, and stay in the cache.
  const std::size_t keys = std::clamp(size(), keys_max / kCrowding, keys_max);
  const std::size_t buckets = std::bit_ceil(std::max(kBucketsMin, 2 * keys));
  if (buckets > capacity_) {
    buckets_ = std::make_unique<std::atomic<Slot*>[]>(buckets);
    capacity_ = buckets;
  } else {
    for (std::size_t i = 0; i < buckets; ++i) buckets_[i].store(nullptr, std::memory_order_relaxed);
  }
  mask_ = buckets - 1;
  slots_.resize(workers);
  for (std::vector<Slot*>& slots : slots_) slots.clear();
  order_.clear();
}

Cell MultiVersionMemory::shown(const Cell& cell) const noexcept {
  return in_force(cell, [this] { return time_; });
}

Slot* MultiVersionMemory::find(std::string_view key, std::uint64_t hash) const noexcept {
  for (Slot* slot = buckets_[hash & mask_].load(std::memory_order_acquire); slot; slot = slot->next) {
    if (slot->hash == hash && is_same_key(slot->key, key)) return slot;
  }
  return nullptr;
}

Slot& MultiVersionMemory::slot(std::string_view key, std::uint64_t hash, Arena& arena, std::size_t worker) {
  std::atomic<Slot*>& bucket = buckets_[hash & mask_];
  Slot* made = nullptr;
  const Slot* seen_end = nullptr;  // From here on the bucket was searched before.
  for (Slot* head = bucket.load(std::memory_order_acquire);;) {
    for (Slot* slot = head; slot != seen_end; slot = slot->next) {
      if (slot->hash != hash || !is_same_key(slot->key, key)) continue;
      // Who made it may not have come to list it yet.
      if (has_ranges_ && !slot->is_listed.load(std::memory_order_acquire)) list(*slot, arena);
      return *slot;
    }
    if (!made) {
      const StateTable::Entry* entry = state_->find(key, hash);
      made = new (arena.allocate(sizeof(Slot), alignof(Slot))) Slot;
      if (key.size() <= made->text.size()) {
        std::memcpy(made->text.data(), key.data(), key.size());
        made->key = {made->text.data(), key.size()};
      } else {
        made->key = entry ? std::string_view{entry->key} : arena.copy(key);
      }
      made->hash = hash;
      made->entry = entry;
      made->base = entry ? shown(entry->cell()) : Cell{};
    }
    made->next = head;
    seen_end = head;
    if (bucket.compare_exchange_strong(head, made, std::memory_order_acq_rel)) break;
  }
  slots_[worker].push_back(made);
  if (has_ranges_) list(*made, arena);
  return *made;
}

void MultiVersionMemory::list(Slot& slot, Arena& arena) {
  if (slot.base.kind == ValueKind::absent) order_.insert(slot.key, slot.hash, &slot, arena);
  slot.is_listed.store(true, std::memory_order_release);
}

Seen MultiVersionMemory::see(const Slot& slot, TaskIndex task) const noexcept {
  Seen seen;
  bool has_delta = false;
  std::int64_t sum = 0;
  const Version* version = slot.newest.load(std::memory_order_acquire);
  for (; version; version = version->next.load(std::memory_order_acquire)) {
    if (version->task() >= task) continue;
    const std::uintptr_t address = version->written.load(std::memory_order_acquire);
    if (address == 0) continue;
    if (address & Version::kEstimate) {
      seen.blocked_by = version->task();
      return seen;
    }
    const Written* written = written_of(address);
    if (written->is_delta) {
      has_delta = true;
      sum = wrapping_add(sum, written->number);
      continue;
    }
    seen.cell = written->cell();
    seen.written = written;
    break;
  }
  if (!version) seen.cell = slot.base;
  if (has_delta) {
    const bool is_number = seen.cell.kind == ValueKind::number;
    seen.cell = Cell::of_number(is_number ? wrapping_add(sum, seen.cell.number) : sum);
  }
  return seen;
}

Seen MultiVersionMemory::see_kind(const Slot& slot, TaskIndex task) const noexcept {
  Seen seen;
  for (const Version* version = slot.newest.load(std::memory_order_acquire); version;
       version = version->next.load(std::memory_order_acquire)) {
    if (version->task() >= task) continue;
    const std::uintptr_t address = version->written.load(std::memory_order_acquire);
    if (address == 0) continue;
    if (address & Version::kEstimate) {
      seen.blocked_by = version->task();
    } else {
      seen.cell = written_of(address)->cell();  // Who adds has seen that it is a number, or will run again.
    }
    return seen;
  }
  seen.cell = slot.base;
  return seen;
}

Version& MultiVersionMemory::add_version(Slot& slot, const Written& written, Arena& arena) {
  auto* added = new (arena.allocate(sizeof(Version), alignof(Version))) Version{};
  added->first = written;
  // Relaxed: others come to it by the link alone, which is stored with release.
  added->written.store(reinterpret_cast<std::uintptr_t>(&added->first), std::memory_order_relaxed);
  std::atomic<Version*>* link = &slot.newest;
  Version* at = link->load(std::memory_order_acquire);
  while (true) {
    while (at && at->task() > written.task) {
      link = &at->next;
      at = link->load(std::memory_order_acquire);
    }
    added->next.store(at, std::memory_order_relaxed);
    if (link->compare_exchange_strong(at, added, std::memory_order_acq_rel)) return *added;
  }
}

bool MultiVersionMemory::is_written(const Slot& slot) noexcept {
  for (const Version* version = slot.newest.load(std::memory_order_acquire); version;
       version = version->next.load(std::memory_order_acquire)) {
    if (version->written.load(std::memory_order_acquire) != 0) return true;
  }
  return false;
}

}  // namespace myelin::consensus
