/// The counters behind MeshMetrics.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "myelin/actors/metrics.hpp"
#include "turn_context.hpp"

namespace myelin {

struct AgentClass;

/// A count that one thread at a time adds to, and others read.
class Counter {
 public:
  /// **Requires**: no other thread adds at the same time.
  void add(std::uint64_t more) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
  }
  void add_shared(std::uint64_t more) noexcept { value_.fetch_add(more, std::memory_order_relaxed); }
  void raise_to(std::uint64_t value) noexcept {
    if (value > value_.load(std::memory_order_relaxed)) value_.store(value, std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// A histogram of the same kind.
class HistogramCounter {
 public:
  void add(Duration duration) noexcept { buckets_[DurationHistogram::bucket_of(duration)].add(1); }
  [[nodiscard]] DurationHistogram value() const noexcept {
    DurationHistogram sum;
    for (std::size_t index = 0; index < buckets_.size(); ++index) sum.buckets[index] = buckets_[index].value();
    return sum;
  }

 private:
  std::array<Counter, DurationHistogram::kBuckets> buckets_;
};

/// Counts of one class of agents on one mesh. Each worker adds to a part of its own, so that nothing is shared while
/// agents run.
///
/// **Thread-safety**: mine() is for the thread that runs agents; the rest is thread-safe.
class ClassMetrics {
 public:
  struct HandlerPart {
    Counter frames;
    Counter messages;
    HistogramCounter time;
  };
  struct alignas(64) Part {
    Counter sent;
    Counter cancelled;
    Counter deepest;
    HistogramCounter wait;
    std::unique_ptr<HandlerPart[]> handlers;
  };

  /// `parts`: threads that run agents, and one.
  ClassMetrics(const AgentClass& of, std::size_t parts);

  [[nodiscard]] Part& mine() noexcept { return parts_[metrics_context.part]; }

  [[nodiscard]] const AgentClass& of() const noexcept { return of_; }
  /// All but `waiting`.
  [[nodiscard]] AgentClassMetrics sum() const;

  // These are rare.
  Counter started, ended, failed, restarted, refused;

 private:
  const AgentClass& of_;
  std::vector<Part> parts_;
};

/// All classes of a mesh.
///
/// **Thread-safety**: thread-safe.
class MetricsRegistry {
 public:
  /// Classes beyond so many are not counted.
  static constexpr std::size_t kClassesMax = 4096;

  explicit MetricsRegistry(std::size_t workers) : parts_{workers + 1}, by_index_(kClassesMax) {}

  /// Null for a class beyond kClassesMax.
  [[nodiscard]] ClassMetrics* find_or_add(const AgentClass& of);
  [[nodiscard]] MeshMetrics sum() const;

 private:
  const std::size_t parts_;
  std::vector<std::atomic<ClassMetrics*>> by_index_;
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<ClassMetrics>> all_;
};

// -- moments in a queue entry ----------------------------------------------------------------------------------------

/// QueueLink::stamp: the low bits of the time in units of 256 ns, so that waits of up to 18 minutes can be told. Never
/// 0, which means that the entry was not stamped.
[[nodiscard]] inline std::uint32_t stamp_of(TimePoint time) noexcept {
  return static_cast<std::uint32_t>(time.time_since_epoch().count() >> 8) | 1U;
}
[[nodiscard]] inline Duration since_stamp(std::uint32_t stamp, TimePoint now) noexcept {
  const std::uint32_t units = stamp_of(now) - stamp;
  return Duration{static_cast<std::int64_t>(static_cast<std::int32_t>(units) < 0 ? 0U : units) << 8};
}

}  // namespace myelin
