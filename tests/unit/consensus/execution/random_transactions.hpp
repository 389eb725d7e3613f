/// Random transactions of all kinds, over few keys or many.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "myelin/consensus/transaction.hpp"

namespace myelin::consensus::test {

/// SplitMix64: the same numbers everywhere.
class Random {
 public:
  explicit Random(std::uint64_t seed) noexcept : state_{seed} {}
  std::uint64_t next() noexcept {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  /// 0 to bound - 1.
  std::uint64_t below(std::uint64_t bound) noexcept { return next() % bound; }
  bool one_in(std::uint64_t n) noexcept { return below(n) == 0; }

 private:
  std::uint64_t state_;
};

/// What a generator makes.
struct Mix {
  std::uint64_t keys = 10;  ///< So few keys, so many conflicts.
  std::uint64_t clients = 5;
  bool has_unnamed = true;  ///< Ranges, and scripts that do not name their keys.
  bool is_mostly_counters = false;
};

/// Makes transactions; owns their texts and lists, until clear().
class RandomTransactions {
 public:
  RandomTransactions(std::uint64_t seed, const Mix& mix) noexcept : random_{seed}, mix_{mix} {}

  [[nodiscard]] Transaction next() {
    using T = Transaction;
    if (mix_.is_mostly_counters && !random_.one_in(4)) return T::add(counter(), amount());
    switch (random_.below(mix_.has_unnamed ? 16 : 13)) {
      case 0: return T::put(any_key(), text(), time_to_live());
      case 1: return T::get(any_key());
      case 2:
        return random_.one_in(2) ? T::put_if_absent(any_key(), text(), time_to_live())
                                 : T::cas(any_key(), text(), text(), time_to_live());
      case 3: return random_.one_in(2) ? T::erase(any_key()) : T::get(any_key());
      case 4:
      case 5: return T::add(random_.one_in(8) ? any_key() : counter(), amount());
      case 6:
      case 7: return T::transfer(counter(), counter(), static_cast<std::int64_t>(random_.below(30)));
      case 8: return T::claim(lease(), static_cast<std::int64_t>(random_.below(5'000'000)));
      case 9: return random_.one_in(2) ? T::renew(lease(), token(), 3'000'000) : T::release(lease(), token());
      case 10: return random_.one_in(4) ? Transaction{} : T::get(lease());
      case 11:
      case 12: return script(true);
      case 13:
        return T::range(random_.one_in(4) ? "" : any_key(), random_.one_in(4) ? "" : any_key(),
                        static_cast<std::uint32_t>(random_.below(12)));
      default: return script(false);
    }
  }
  [[nodiscard]] ClientId client() noexcept { return random_.below(mix_.clients); }
  [[nodiscard]] Random& random() noexcept { return random_; }
  /// A lease was granted: some renew or release it.
  void remember(std::uint64_t token) { tokens_[random_.below(tokens_.size())] = token; }
  /// Lets go of the texts of all transactions made so far.
  void clear() {
    texts_.clear();
    steps_.clear();
    keys_.clear();
  }

 private:
  std::string_view own(std::string text) { return texts_.emplace_back(std::move(text)); }
  std::string_view key(const char* kind) { return own(kind + std::to_string(random_.below(mix_.keys))); }
  std::string_view counter() { return key("n"); }
  std::string_view lease() { return key("l"); }
  std::string_view any_key() {
    constexpr std::array<const char*, 4> kKinds = {"k", "n", "l", "k"};
    return key(kKinds[random_.below(kKinds.size())]);
  }
  std::string_view text() { return own(std::string(random_.below(40), static_cast<char>('a' + random_.below(3)))); }
  std::int64_t amount() { return static_cast<std::int64_t>(random_.below(100)) - 20; }
  /// None, or a few commits long.
  std::int64_t time_to_live() {
    return random_.one_in(3) ? 0 : static_cast<std::int64_t>(random_.below(6) * 1'000'000 + random_.below(2));
  }
  std::uint64_t token() { return tokens_[random_.below(tokens_.size())]; }

  Transaction script(bool names_keys) {
    std::vector<std::string_view> named;
    if (names_keys) {
      for (std::uint64_t n = 1 + random_.below(4); n > 0; --n) named.push_back(any_key());
    }
    std::vector<ScriptStep> steps;
    const std::uint64_t count = 1 + random_.below(12);
    for (std::uint64_t i = 0; i < count; ++i) steps.push_back(step(count - i - 1, named));
    const auto& kept_steps = steps_.emplace_back(std::move(steps));
    const auto& kept_keys = keys_.emplace_back(std::move(named));
    return Transaction::script(kept_steps, kept_keys);
  }

  ScriptStep step(std::uint64_t after, const std::vector<std::string_view>& named) {
    using enum ScriptStep::Operation;
    const auto any = [this] { return static_cast<std::uint8_t>(random_.below(limits_registers)); };
    const auto key_of = [&]() -> std::string_view {
      return !named.empty() && !random_.one_in(20) ? named[random_.below(named.size())] : any_key();
    };
    // A key made of a register, now and then; mostly of numbers, so that it is one that others use.
    const auto key_register = [&] { return random_.one_in(4) ? any() : ScriptStep::kNoRegister; };
    switch (random_.below(16)) {
      case 0: return {number, any(), 255, 255, static_cast<std::int64_t>(random_.below(mix_.keys)), {}};
      case 1: return {bytes, any(), 255, 255, 0, text()};
      case 2:
      case 3:
      case 4:
      case 5: {
        const std::uint8_t with = key_register();
        return {load, any(), with, 255, 0, with == ScriptStep::kNoRegister ? key_of() : std::string_view{"n"}};
      }
      case 6:
      case 7:
      case 8: {
        const std::uint8_t with = key_register();
        return {store, 255, with, any(), 0, with == ScriptStep::kNoRegister ? key_of() : std::string_view{"n"}};
      }
      case 9: return {random_.one_in(2) ? add : subtract, any(), any(), any(), 0, {}};
      case 10: return {random_.one_in(2) ? multiply : less, any(), any(), any(), 0, {}};
      case 11: return {equal, any(), any(), any(), 0, {}};
      case 12: return {random_.one_in(2) ? concat : digest, any(), any(), any(), 2, {}};
      case 13:
        if (after > 0) return {skip_unless, 255, any(), 255, static_cast<std::int64_t>(1 + random_.below(after)), {}};
        [[fallthrough]];
      case 14:
        if (random_.one_in(3)) return {require, 255, any(), 255, 0, {}};
        [[fallthrough]];
      default: return {result, 255, any(), 255, 0, {}};
    }
  }

  static constexpr std::uint64_t limits_registers = 4;  // Few, so that what is set is used.

  Random random_;
  Mix mix_;
  std::array<std::uint64_t, 16> tokens_{};
  std::deque<std::string> texts_;
  std::deque<std::vector<ScriptStep>> steps_;
  std::deque<std::vector<std::string_view>> keys_;
};

}  // namespace myelin::consensus::test
