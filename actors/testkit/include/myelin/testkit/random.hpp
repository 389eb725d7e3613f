/// Random numbers that are the same for the same seed everywhere: the standard library's distributions are not.
#pragma once

#include <cstdint>

#include "myelin/base/time.hpp"

namespace myelin::testkit {

/// **Thread-safety**: thread-compatible.
/// **Source**: SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
class Random {
 public:
  explicit Random(std::uint64_t seed) noexcept : state_{seed} {}

  [[nodiscard]] std::uint64_t next() noexcept {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  /// 0 to bound - 1. **Requires**: bound > 0.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound) noexcept { return next() % bound; }
  /// True with this probability: never for 0, always for 1.
  [[nodiscard]] bool chance(double probability) noexcept {
    return static_cast<double>(next() >> 11) * 0x1p-53 < probability;
  }
  /// From `least` to `most`, both included. **Requires**: least <= most.
  [[nodiscard]] Duration between(Duration least, Duration most) noexcept {
    return least + Duration{static_cast<std::int64_t>(below(static_cast<std::uint64_t>((most - least).count()) + 1))};
  }

 private:
  std::uint64_t state_;
};

}  // namespace myelin::testkit
