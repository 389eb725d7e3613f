/// Runs a test once for each of many seeds, and says how to run the one that failed again.
#pragma once

#include <cstdint>
#include <functional>

#include "myelin/testkit/expectation.hpp"

namespace myelin::testkit {

/// From `first` on, `count` of them.
struct Seeds {
  std::uint64_t first = 1;
  std::uint64_t count = 100;
  /// Asked after each seed, for test frameworks whose checks note a failure and go on: whether one was noted.
  std::function<bool()> failed = {};
};

/// One of many seeds failed.
class SeedFailed : public ExpectationFailed {
 public:
  SeedFailed(std::uint64_t seed, const std::string& what) : ExpectationFailed{what}, seed_{seed} {}
  [[nodiscard]] std::uint64_t seed() const noexcept { return seed_; }

 private:
  std::uint64_t seed_;
};

/// Calls `body` with each seed, and stops at the first that fails. The environment overrules `seeds`:
/// MYELIN_TEST_SEED=123 runs only that one, MYELIN_TEST_SEEDS=1..1000000 all from the first to the last.
///
/// **Errors**: throws SeedFailed where `body` throws a std::exception, or `seeds.failed` says yes; its message says the
/// seed, what happened, and the command. Any other exception passes, after the seed was written to stderr. Throws
/// std::invalid_argument for a variable that cannot be read.
void for_each_seed(const Seeds& seeds, const std::function<void(std::uint64_t seed)>& body);

/// `seeds` as overruled by the two variables' values, of which either may be null.
/// **Errors**: throws std::invalid_argument.
[[nodiscard]] Seeds overruled(Seeds seeds, const char* one, const char* range);

}  // namespace myelin::testkit
