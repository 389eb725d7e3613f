/// Every agent that runs on a mesh: keeps each alive until it ends, and finds them all when the mesh stops.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>

#include "spin_lock.hpp"

namespace myelin {

class AgentCell;

/// A cell's place in the registry.
struct RegistryLink {
  AgentCell* next = nullptr;
  AgentCell* previous = nullptr;
};

/// **Thread-safety**: thread-safe.
class Registry {
 public:
  /// Takes over one strong reference to the cell.
  void add(AgentCell& cell) noexcept;
  /// Gives up that reference. **Requires**: the cell is in the registry, and the caller holds another reference.
  void remove(AgentCell& cell) noexcept;

  [[nodiscard]] std::size_t size() const noexcept { return size_.load(std::memory_order_acquire); }

  /// Calls `visit` for each cell, with a lock held: it may push to the cell's inbox, and no more.
  void for_each(const std::function<void(AgentCell&)>& visit);

  /// Waits until no agent runs, at most until `deadline`. True if none does.
  bool wait_until_empty(std::chrono::steady_clock::time_point deadline);

 private:
  static constexpr std::size_t kShards = 16;
  struct alignas(64) Shard {
    SpinLock lock;
    AgentCell* first = nullptr;
  };
  Shard& shard_of(const AgentCell& cell) noexcept;

  std::array<Shard, kShards> shards_;
  std::atomic<std::size_t> size_{0};
  std::mutex mutex_;
  std::condition_variable emptied_;
};

}  // namespace myelin
