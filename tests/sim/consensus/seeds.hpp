// Numbers that a seed decides, and which seeds a test runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

namespace consensus_model {

/// The same numbers on every machine, which the standard library's distributions do not promise. Source: splitmix64,
/// Vigna 2015.
class Random {
 public:
  explicit Random(std::uint64_t seed) noexcept : state_{seed * 0x9e37'79b9'7f4a'7c15ULL} {}

  std::uint64_t next() noexcept {
    std::uint64_t mixed = state_ += 0x9e37'79b9'7f4a'7c15ULL;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58'476d'1ce4'e5b9ULL;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d0'49bb'1331'11ebULL;
    return mixed ^ (mixed >> 31);
  }
  /// From 0 to `bound` - 1.
  std::size_t below(std::size_t bound) noexcept { return static_cast<std::size_t>(next() % bound); }
  /// True in so many of 100 cases.
  bool percent(unsigned chance) noexcept { return below(100) < chance; }
  template <class T>
  void shuffle(std::vector<T>& items) noexcept {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

 private:
  std::uint64_t state_;
};

struct SeedRange {
  std::uint64_t first = 1;
  std::uint64_t last = 0;
};

/// Seeds 1 to `count`, unless MYELIN_TEST_SEEDS=A..B or MYELIN_TEST_SEED=N say otherwise. As for_each_seed() of the
/// test kit has it, which this test does without, since the kit stands on CAF.
inline SeedRange seeds(std::uint64_t count) {
  if (const char* const one = std::getenv("MYELIN_TEST_SEED")) {
    const std::uint64_t seed = std::stoull(one);
    return {seed, seed};
  }
  if (const char* const range = std::getenv("MYELIN_TEST_SEEDS")) {
    const std::string text{range};
    const std::size_t dots = text.find("..");
    return {std::stoull(text.substr(0, dots)), std::stoull(dots == std::string::npos ? text : text.substr(dots + 2))};
  }
  return {1, count};
}

}  // namespace consensus_model
