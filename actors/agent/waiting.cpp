#include "waiting.hpp"

#include <algorithm>
#include <functional>

namespace myelin {

CorrelationId Waiting::add(TimePoint due, Item item) {
  std::uint32_t index = free_;
  if (index == kNone) {
    index = static_cast<std::uint32_t>(slots_.size());
    slots_.emplace_back();
  } else {
    free_ = slots_[index].next_free;
  }
  Slot& slot = slots_[index];
  slot.item = std::move(item);
  ++live_;
  slot.open = !slot.item.is_timer || slot.item.then->continues_handler();
  open_ += slot.open;
  const CorrelationId id = CorrelationId{slot.generation} << kIndexBits | index;
  push(due, id);
  return id;
}

void Waiting::push(TimePoint due, CorrelationId id) {
  if (due == kNever) return;
  heap_.push_back({due, id, added_++});
  std::push_heap(heap_.begin(), heap_.end(), std::greater<>{});
  if (heap_.size() > 2 * live_ + 64) compact();
}

void Waiting::put_back(CorrelationId id, TimePoint due, Item item) {
  Slot* slot = find(id);
  if (slot == nullptr) return;
  slot->item = std::move(item);
  slot->lent = false;
  push(due, id);
}

Waiting::Slot* Waiting::find(CorrelationId id) noexcept {
  const std::uint64_t index = id & ((CorrelationId{1} << kIndexBits) - 1);
  if (index >= slots_.size()) return nullptr;
  Slot& slot = slots_[index];
  return (slot.item.then != nullptr || slot.lent) && slot.generation == id >> kIndexBits ? &slot : nullptr;
}

Waiting::Item Waiting::release(CorrelationId id, Slot& slot) noexcept {
  if (++slot.generation == 0) slot.generation = 1;  // 0 would make ids of 0
  slot.lent = false;
  slot.next_free = free_;
  free_ = static_cast<std::uint32_t>(id & ((CorrelationId{1} << kIndexBits) - 1));
  --live_;
  open_ -= slot.open;
  return std::move(slot.item);
}

void Waiting::set_callee(CorrelationId id, const AgentRef& callee) noexcept {
  if (Slot* slot = find(id); slot != nullptr) slot->item.callee = callee;
}

std::optional<AgentRef> Waiting::callee_of(CorrelationId id) noexcept {
  Slot* slot = find(id);
  if (slot == nullptr || slot->item.is_timer) return std::nullopt;
  return slot->item.callee;
}

std::optional<Waiting::Item> Waiting::take(CorrelationId id, bool is_timer) {
  Slot* slot = find(id);
  if (slot == nullptr || slot->item.is_timer != is_timer) return std::nullopt;
  return release(id, *slot);
}

void Waiting::drop_stale_top() {
  while (!heap_.empty() && find(heap_.front().id) == nullptr) {
    std::pop_heap(heap_.begin(), heap_.end(), std::greater<>{});
    heap_.pop_back();
  }
}

void Waiting::compact() {
  std::erase_if(heap_, [this](const Entry& entry) { return find(entry.id) == nullptr; });
  std::make_heap(heap_.begin(), heap_.end(), std::greater<>{});
}

TimePoint Waiting::next_due() {
  drop_stale_top();
  return heap_.empty() ? kNever : heap_.front().due;
}

std::optional<Waiting::Due> Waiting::take_due(TimePoint now) {
  if (next_due() > now || heap_.empty()) return std::nullopt;
  const CorrelationId id = heap_.front().id;
  std::pop_heap(heap_.begin(), heap_.end(), std::greater<>{});
  heap_.pop_back();
  Slot& slot = *find(id);
  if (!slot.item.repeats) return Due{id, release(id, slot)};
  slot.lent = true;
  return Due{id, {.then = std::move(slot.item.then), .is_timer = true, .repeats = true}};
}

}  // namespace myelin
