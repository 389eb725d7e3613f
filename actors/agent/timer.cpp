#include "myelin/actors/timer.hpp"

#include <stdexcept>

namespace myelin {

Ticks::Ticks(TimePoint start, Duration period, double jitter, std::uint64_t seed)
    : base_{start}, period_{period}, jitter_max_{0}, state_{seed} {
  if (period <= Duration{0}) throw std::invalid_argument{"a repeating timer needs a period above zero"};
  if (!(jitter >= 0 && jitter <= 1)) throw std::invalid_argument{"a timer's jitter is a fraction from 0 to 1"};
  jitter_max_ = Duration{static_cast<Duration::rep>(static_cast<double>(period.count()) * jitter)};
}

TimePoint Ticks::next(TimePoint now) {
  const TimePoint first = time_after(base_, period_);
  if (now > first) {
    const auto missed = (now - first + period_ - Duration{1}) / period_;
    base_ = first + missed * period_;
  } else {
    base_ = first;
  }
  return time_after(base_, jitter());
}

/// **Source**: SplitMix64, Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014).
Duration Ticks::jitter() noexcept {
  if (jitter_max_ == Duration{0}) return jitter_max_;
  std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  z ^= z >> 31;
  return Duration{static_cast<Duration::rep>(z % static_cast<std::uint64_t>(jitter_max_.count()))};
}

}  // namespace myelin
