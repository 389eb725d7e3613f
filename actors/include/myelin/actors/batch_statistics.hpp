/// What a kernel actor did: how many requests, in which batches, and why each batch ran when it did.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "myelin/actors/batch_policy.hpp"

namespace myelin {

/// Written by a kernel actor, read by whoever holds it too. **Thread-safety**: thread-safe.
class BatchStatistics {
 public:
  /// Sizes 1, 2, 3-4, 5-8, ... up to 2^15 and more.
  static constexpr std::size_t kSizeBuckets = 17;

  struct Snapshot {
    std::uint64_t requests = 0;   ///< Run by the kernel.
    std::uint64_t batches = 0;    ///< Kernel calls.
    std::uint64_t expired = 0;    ///< Deadline passed before their turn came.
    std::uint64_t refused = 0;    ///< Refused because too many waited.
    std::uint64_t offloaded = 0;  ///< Calls that ran on a job thread.
    std::uint64_t largest = 0;    ///< Requests in the largest batch.
    Duration running{0};          ///< Time in kernel calls, all together.
    std::array<std::uint64_t, kDispatchReasons> by_reason{};
    std::array<std::uint64_t, kSizeBuckets> by_size{};  ///< Bucket i: sizes from 2^(i-1) + 1 to 2^i.
  };
  [[nodiscard]] Snapshot snapshot() const noexcept;

  /// A kernel call of `size` requests was begun.
  void count_batch(std::size_t size, DispatchReason reason, bool offloaded) noexcept;
  /// A kernel call took `duration`.
  void count_run(Duration duration) noexcept;
  void count_expired() noexcept { expired_.fetch_add(1, std::memory_order_relaxed); }
  void count_refused() noexcept { refused_.fetch_add(1, std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> requests_{0}, batches_{0}, expired_{0}, refused_{0}, offloaded_{0}, largest_{0};
  std::atomic<std::int64_t> running_ns_{0};
  std::array<std::atomic<std::uint64_t>, kDispatchReasons> by_reason_{};
  std::array<std::atomic<std::uint64_t>, kSizeBuckets> by_size_{};
};

}  // namespace myelin
