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

}  // namespace myelin
