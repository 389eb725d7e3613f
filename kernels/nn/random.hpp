/// Random numbers that are the same on every platform: the standard library's distributions are not.
#pragma once

#include <cstdint>

namespace myelin::kernels {

/// A stream of 64-bit numbers from a seed. Not for cryptography. **Source**: Steele, Lea and Flood 2014, SplitMix64.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
  }

  /// Uniform in [0, 1), a multiple of 2^-24: every such float can come, none is rounded.
  float unit() { return static_cast<float>(next() >> 40U) * 0x1p-24F; }

  /// Uniform in [0, bound), by rejection. **Requires**: bound > 0.
  std::uint64_t below(std::uint64_t bound) {
    const std::uint64_t skewed = (0 - bound) % bound;  // 2^64 mod bound
    for (;;) {
      const std::uint64_t x = next();
      if (x >= skewed) return x % bound;
    }
  }

 private:
  std::uint64_t state_;
};

}  // namespace myelin::kernels
