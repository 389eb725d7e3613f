/// Points and spans of time. Code below `actors/` never reads a clock: it is given the time.
#pragma once

#include <chrono>

namespace myelin {

/// Monotonic, with nanosecond ticks; its origin is unspecified and differs between machines.
using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Duration = std::chrono::nanoseconds;

/// Stands for "no deadline" wherever a TimePoint may be absent.
inline constexpr TimePoint kNever = TimePoint::max();

/// `start + span`; kNever where that lies beyond what a TimePoint can say. **Requires**: start >= TimePoint{}.
[[nodiscard]] constexpr TimePoint time_after(TimePoint start, Duration span) noexcept {
  return span > kNever - start ? kNever : start + span;
}

}  // namespace myelin
