#include "engine/random.hpp"

#include <bit>

namespace myelin::sim {

std::uint64_t scramble(std::uint64_t number) noexcept {
  number += 0x9e3779b97f4a7c15ULL;
  number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9ULL;
  number = (number ^ (number >> 27)) * 0x94d049bb133111ebULL;
  return number ^ (number >> 31);
}

Random::Random(std::uint64_t seed) noexcept {
  for (std::uint64_t& word : state_) {
    word = scramble(seed);
    seed += 0x9e3779b97f4a7c15ULL;
  }
}

std::uint64_t Random::next() noexcept {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

std::uint64_t Random::below(std::uint64_t bound) noexcept {
  const std::uint64_t rest = (0 - bound) % bound;  // 2^64 mod bound: numbers below it would count once too often
  for (;;) {
    const std::uint64_t number = next();
    if (number >= rest) return number % bound;
  }
}

unsigned Random::doublings(unsigned most) noexcept {
  const auto heads = static_cast<unsigned>(std::countr_one(next()));
  return heads < most ? heads : most;
}

}  // namespace myelin::sim
