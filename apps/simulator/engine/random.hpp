/// The one source of randomness of a run: a small generator of our own, so that a seed means the same everywhere.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "myelin/base/time.hpp"

namespace myelin::sim {

/// xoshiro256** filled by SplitMix64. Only integers and exact divisions by powers of two, so that all platforms agree.
/// **Thread-safety**: thread-compatible. **Source**: Blackman and Vigna, "Scrambled linear pseudorandom number
/// generators", 2018.
class Random {
 public:
  explicit Random(std::uint64_t seed) noexcept;

  [[nodiscard]] std::uint64_t next() noexcept;
  /// From 0 to bound - 1. **Requires**: bound > 0.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound) noexcept;
  /// From `low` to `high`, both included. **Requires**: low <= high.
  [[nodiscard]] std::uint64_t between(std::uint64_t low, std::uint64_t high) noexcept {
    return low + below(high - low + 1);
  }
  [[nodiscard]] Duration between(Duration low, Duration high) noexcept {
    return Duration{low.count() +
                    static_cast<Duration::rep>(below(static_cast<std::uint64_t>((high - low).count()) + 1))};
  }
  /// True with this probability. Draws a number even where the answer is certain, so that runs stay comparable.
  [[nodiscard]] bool chance(double probability) noexcept {
    return static_cast<double>(next() >> 11) < probability * static_cast<double>(std::uint64_t{1} << 53);
  }
  /// How often a fair coin shows heads before it shows tails, at most `most`: doublings of this are a heavy tail.
  [[nodiscard]] unsigned doublings(unsigned most) noexcept;

  template <class T>
  [[nodiscard]] T& pick(std::span<T> items) noexcept {
    return items[below(items.size())];
  }
  template <class Container>
  [[nodiscard]] auto& pick(Container& items) noexcept {
    return items[below(items.size())];
  }
  template <class Container>
  void shuffle(Container& items) noexcept {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

  /// A generator of its own for one part of the simulation, so that what one part draws does not disturb another's.
  [[nodiscard]] Random fork(std::uint64_t stream) noexcept { return Random{next() ^ (stream * 0x9e3779b97f4a7c15ULL)}; }

 private:
  std::array<std::uint64_t, 4> state_{};
};

/// Scrambles a number: for choices that must not depend on the order of draws.
[[nodiscard]] std::uint64_t scramble(std::uint64_t number) noexcept;

}  // namespace myelin::sim
