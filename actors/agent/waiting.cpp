#include "waiting.hpp"

#include <algorithm>
#include <functional>

namespace myelin {

CorrelationId Waiting::add(TimePoint due, bool is_timer, std::unique_ptr<Continuation> then) {
  std::uint32_t index = free_;
  if (index == kNone) {
    index = static_cast<std::uint32_t>(slots_.size());
    slots_.emplace_back();
  } else {
    free_ = slots_[index].next_free;
  }
  Slot& slot = slots_[index];
  slot.then = std::move(then);
  slot.is_timer = is_timer;
  ++live_;
  const CorrelationId id = CorrelationId{slot.generation} << kIndexBits | index;
  if (due != kNever) {
    heap_.push_back({due, id, added_++});
    std::push_heap(heap_.begin(), heap_.end(), std::greater<>{});
    if (heap_.size() > 2 * live_ + 64) compact();
  }
  return id;
}

Waiting::Slot* Waiting::find(CorrelationId id) noexcept {
  const std::uint64_t index = id & ((CorrelationId{1} << kIndexBits) - 1);
  if (index >= slots_.size()) return nullptr;
  Slot& slot = slots_[index];
  return slot.then != nullptr && slot.generation == id >> kIndexBits ? &slot : nullptr;
}

std::unique_ptr<Continuation> Waiting::release(CorrelationId id, Slot& slot) noexcept {
  if (++slot.generation == 0) slot.generation = 1;  // 0 would make ids of 0
  slot.next_free = free_;
  free_ = static_cast<std::uint32_t>(id & ((CorrelationId{1} << kIndexBits) - 1));
  --live_;
  return std::move(slot.then);
}

std::unique_ptr<Continuation> Waiting::take(CorrelationId id, bool is_timer) {
  Slot* slot = find(id);
  return slot == nullptr || slot->is_timer != is_timer ? nullptr : release(id, *slot);
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
  const bool is_timer = slot.is_timer;
  return Due{release(id, slot), is_timer};
}

}  // namespace myelin
