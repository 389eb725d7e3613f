#include "engine/schedule.hpp"

#include <algorithm>

namespace myelin::sim {

void Schedule::at(Duration when, Action action) {
  std::uint32_t slot = 0;
  if (free_.empty()) {
    slot = static_cast<std::uint32_t>(actions_.size());
    actions_.push_back(std::move(action));
  } else {
    slot = free_.back();
    free_.pop_back();
    actions_[slot] = std::move(action);
  }
  heap_.push_back({std::max(when, now_), order_++, slot});
  std::ranges::push_heap(heap_, later);
}

bool Schedule::step(Duration until) {
  if (heap_.empty() || heap_.front().when > until) {
    now_ = std::max(now_, until);
    return false;
  }
  std::ranges::pop_heap(heap_, later);
  const Entry entry = heap_.back();
  heap_.pop_back();
  now_ = entry.when;
  ++steps_;
  const Action action = std::move(actions_[entry.slot]);
  actions_[entry.slot] = nullptr;
  free_.push_back(entry.slot);
  action();
  return true;
}

}  // namespace myelin::sim
