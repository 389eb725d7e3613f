/// The executors of the replicated state, against one after the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "bench/harness.hpp"

namespace myelin::tool {

/// Transactions between accounts, so many of them, each with so much work beside.
struct ExecutionCase {
  std::size_t accounts = 1000;
  std::uint64_t work_us = 0;
};

/// "1,000 accounts, 2 us".
[[nodiscard]] std::string to_string(const ExecutionCase& execution);

inline constexpr const char* kSequentialVariant = "sequential";

/// By rising work, then by falling conflict rate.
[[nodiscard]] std::vector<ExecutionCase> execution_cases(bool quick);

/// How many transactions a second each executor does, on one thread and on two, sequential first. Commits of 100
/// batches of 100: decoded, executed, answered, put down in the sessions; the state's root is another question. A
/// transaction moves 1 from one account to another; with work it is a script, which also takes digests for that long.
/// `scheduled` is told the keys, `block_stm` is not, and `promoted` had executed the commit ahead of time.
[[nodiscard]] Comparison compare_executors(const ExecutionCase& execution, bool quick, Rounds rounds,
                                           Progress& progress, const std::stop_token& stop);

/// What the state's root costs for each key that has changed. Unit: "ns".
[[nodiscard]] std::vector<Case> state_root_cases(bool quick);

/// What a digest and a signature cost. Unit: "ns".
[[nodiscard]] std::vector<Case> crypto_cases();

}  // namespace myelin::tool
