#include "myelin/actors/batch_statistics.hpp"

#include <algorithm>
#include <bit>

namespace myelin {

BatchStatistics::Snapshot BatchStatistics::snapshot() const noexcept {
  Snapshot copy;
  copy.requests = requests_.load(std::memory_order_relaxed);
  copy.batches = batches_.load(std::memory_order_relaxed);
  copy.expired = expired_.load(std::memory_order_relaxed);
  copy.refused = refused_.load(std::memory_order_relaxed);
  copy.offloaded = offloaded_.load(std::memory_order_relaxed);
  copy.largest = largest_.load(std::memory_order_relaxed);
  copy.running = Duration{running_ns_.load(std::memory_order_relaxed)};
  for (std::size_t i = 0; i < by_reason_.size(); ++i) copy.by_reason[i] = by_reason_[i].load(std::memory_order_relaxed);
  for (std::size_t i = 0; i < by_size_.size(); ++i) copy.by_size[i] = by_size_[i].load(std::memory_order_relaxed);
  return copy;
}

void BatchStatistics::count_batch(std::size_t size, DispatchReason reason, bool offloaded) noexcept {
  requests_.fetch_add(size, std::memory_order_relaxed);
  batches_.fetch_add(1, std::memory_order_relaxed);
  if (offloaded) offloaded_.fetch_add(1, std::memory_order_relaxed);
  std::uint64_t largest = largest_.load(std::memory_order_relaxed);
  while (size > largest && !largest_.compare_exchange_weak(largest, size, std::memory_order_relaxed)) {
  }
  by_reason_[static_cast<std::size_t>(reason)].fetch_add(1, std::memory_order_relaxed);
  const std::size_t bucket = size <= 1 ? 0 : static_cast<std::size_t>(std::bit_width(size - 1));
  by_size_[std::min(bucket, kSizeBuckets - 1)].fetch_add(1, std::memory_order_relaxed);
}

void BatchStatistics::count_run(Duration duration) noexcept {
  running_ns_.fetch_add(duration.count(), std::memory_order_relaxed);
}

}  // namespace myelin
