#include "registry.hpp"

#include <functional>

#include "agent/cell.hpp"

namespace myelin {

Registry::Shard& Registry::shard_of(const AgentCell& cell) noexcept {
  // Cells are some hundred bytes apart: the low bits say nothing.
  return shards_[(reinterpret_cast<std::uintptr_t>(&cell) >> 9) % kShards];
}

void Registry::add(AgentCell& cell) noexcept {
  size_.fetch_add(1, std::memory_order_relaxed);
  Shard& shard = shard_of(cell);
  const std::lock_guard guard{shard.lock};
  RegistryLink& link = cell.registry_link();
  link.next = shard.first;
  if (shard.first != nullptr) shard.first->registry_link().previous = &cell;
  shard.first = &cell;
}

void Registry::remove(AgentCell& cell) noexcept {
  {
    Shard& shard = shard_of(cell);
    const std::lock_guard guard{shard.lock};
    RegistryLink& link = cell.registry_link();
    if (link.next != nullptr) link.next->registry_link().previous = link.previous;
    if (link.previous != nullptr) {
      link.previous->registry_link().next = link.next;
    } else {
      shard.first = link.next;
    }
    link = {};
  }
  cell.release();
  if (size_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    const std::lock_guard guard{mutex_};
    emptied_.notify_all();
  }
}

void Registry::for_each(const std::function<void(AgentCell&)>& visit) {
  for (Shard& shard : shards_) {
    const std::lock_guard guard{shard.lock};
    for (AgentCell* cell = shard.first; cell != nullptr; cell = cell->registry_link().next) visit(*cell);
  }
}

bool Registry::wait_until_empty(std::chrono::steady_clock::time_point deadline) {
  std::unique_lock guard{mutex_};
  return emptied_.wait_until(guard, deadline, [this] { return size() == 0; });
}

}  // namespace myelin
