/// What the runtime has counted: per class of agents, and per type of message that they handle.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "myelin/base/identity.hpp"
#include "myelin/base/time.hpp"

namespace myelin {

/// How often a span of time was how long, by powers of two.
///
/// **Thread-safety**: a value.
struct DurationHistogram {
  /// Bucket i counts durations of 2^(i-1) up to 2^i - 1 ns, the first those of 0, the last all that are longer.
  static constexpr std::size_t kBuckets = 40;
  std::array<std::uint64_t, kBuckets> buckets{};

  /// **Requires**: duration >= 0.
  [[nodiscard]] static std::size_t bucket_of(Duration duration) noexcept;
  /// The shortest duration beyond a bucket.
  [[nodiscard]] static Duration upper_bound(std::size_t bucket) noexcept { return Duration{std::int64_t{1} << bucket}; }

  [[nodiscard]] std::uint64_t count() const noexcept;
  /// The upper bound of the bucket in which that part of the durations ends, so up to twice the truth; 0 if there are
  /// none. `part`: 0 to 1; 0.5 is the median.
  [[nodiscard]] Duration percentile(double part) const noexcept;
  DurationHistogram& operator+=(const DurationHistogram& other) noexcept;
};

/// One type of message, as one class of agents handles it.
struct HandlerMetrics {
  TypeId type = 0;
  std::string message;         ///< The schema's name, e.g. "Greeting".
  std::uint64_t frames = 0;    ///< Handled: single messages, and batches.
  std::uint64_t messages = 0;  ///< Handled.
  DurationHistogram time;      ///< How long the handler ran for a frame; a sample, see kMetricsSampleOneIn.
};

/// One class of agents.
struct AgentClassMetrics {
  std::string name;
  std::uint64_t started = 0;
  std::uint64_t ended = 0;      ///< Stopped or failed.
  std::uint64_t failed = 0;     ///< Of those that ended.
  std::uint64_t restarted = 0;  ///< By a supervisor.
  std::uint64_t sent = 0;       ///< Frames and told messages.
  std::uint64_t refused = 0;    ///< Messages that found a mailbox of this class full, and were not taken.
  std::uint64_t cancelled = 0;  ///< Questions that were given up before they were handled.
  std::uint64_t waiting = 0;    ///< Messages that wait in the mailboxes of this class now.
  std::uint64_t deepest = 0;    ///< Most messages that an agent of this class found waiting at once.
  DurationHistogram wait;       ///< From sending to handling, of a sample of frames.
  std::vector<HandlerMetrics> handlers;

  [[nodiscard]] std::uint64_t messages() const noexcept;
};

/// One frame in so many is timed: clocks cost more than messages.
inline constexpr std::uint32_t kMetricsSampleOneIn = 64;

/// A mesh. Counts of different rows are read one after another while the mesh runs: they need not add up.
struct MeshMetrics {
  std::vector<AgentClassMetrics> classes;  ///< By name.

  /// The class of that name, if an agent of it was ever started.
  [[nodiscard]] const AgentClassMetrics* find(const std::string& name) const noexcept;
};

}  // namespace myelin
