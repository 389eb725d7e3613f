#include "myelin/testkit/seeds.hpp"

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <charconv>

#include "failed_trace.hpp"

namespace myelin::testkit {

namespace {

std::uint64_t number(std::string_view variable, std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    throw std::invalid_argument{
        fmt::format("{}: '{}' is no seed; write a number, as in MYELIN_TEST_SEED=123, or a "
                    "range, as in MYELIN_TEST_SEEDS=1..1000",
                    variable, text)};
  }
  return value;
}

std::string report(std::uint64_t seed, std::string_view what) {
  return fmt::format("seed {} fails: {}\nTo run it again: MYELIN_TEST_SEED={}", seed, what, seed);
}

}  // namespace

Seeds overruled(Seeds seeds, const char* one, const char* range) {
  if (one != nullptr && *one != '\0') {
    seeds.first = number("MYELIN_TEST_SEED", one);
    seeds.count = 1;
  } else if (range != nullptr && *range != '\0') {
    const std::string_view text{range};
    const std::size_t dots = text.find("..");
    seeds.first = number("MYELIN_TEST_SEEDS", text.substr(0, dots));
    const std::uint64_t last =
        dots == std::string_view::npos ? seeds.first : number("MYELIN_TEST_SEEDS", text.substr(dots + 2));
    if (last < seeds.first) {
      throw std::invalid_argument{fmt::format("MYELIN_TEST_SEEDS: the range {} ends before it begins", text)};
    }
    seeds.count = last - seeds.first + 1;
  }
  return seeds;
}

void for_each_seed(const Seeds& wanted, const std::function<void(std::uint64_t)>& body) {
  const Seeds seeds = overruled(wanted, std::getenv("MYELIN_TEST_SEED"), std::getenv("MYELIN_TEST_SEEDS"));
  for (std::uint64_t seed = seeds.first; seed - seeds.first < seeds.count; ++seed) {
    failed_trace.clear();
    try {
      body(seed);
    } catch (const ExpectationFailed& failure) {
      // Says the last steps itself, if a mesh made it.
      const bool has_trace = std::string_view{failure.what()}.find("The last steps") != std::string_view::npos;
      throw SeedFailed{seed,
                       report(seed, has_trace ? std::string{failure.what()} : failure.what() + ("\n" + failed_trace))};
    } catch (const std::exception& failure) {
      throw SeedFailed{seed, report(seed, failure.what() + ("\n" + failed_trace))};
    } catch (...) {
      std::fprintf(stderr, "%s\n", report(seed, "\n" + failed_trace).c_str());
      throw;
    }
    if (seeds.failed && seeds.failed()) throw SeedFailed{seed, report(seed, "its checks noted failures")};
  }
}

}  // namespace myelin::testkit
