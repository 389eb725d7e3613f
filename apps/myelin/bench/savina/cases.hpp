/// The cases of `myelin bench agents`.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "bench/harness.hpp"
#include "bench/report.hpp"
#include "bench/savina/erlang.hpp"
#include "bench/savina/program.hpp"
#include "bench/savina/questions.hpp"

namespace myelin::tool::savina {

inline constexpr const char* kMyelinSide = "Myelin";
inline constexpr const char* kErlangSide = "Erlang/OTP";
inline constexpr const char* kUnobservedSide = "Myelin, no metrics";
inline constexpr const char* kMetricsSide = "Myelin, metrics";
inline constexpr const char* kTracedSide = "Myelin, metrics, all traced";

/// What is measured together, under one name on the command line.
struct Group {
  std::string key;
  std::vector<Case> cases;
  /// Most rounds, for what takes seconds and hardly varies; then without a warm-up.
  std::optional<int> rounds_max = {};

  [[nodiscard]] Rounds rounds(Rounds wanted) const;
};

struct Plan {
  std::vector<std::size_t> workers{1, 2};
  bool quick = false;
  std::vector<std::string> only = {};                 ///< Keys of groups; empty for all.
  Erlang* erlang = nullptr;                           ///< Null where there is none.
  std::vector<LatencyRow>* lone_latencies = nullptr;  ///< Gets the samples of lone messages, a row a side.
  std::stop_token stop = {};

  [[nodiscard]] std::size_t workers_max() const;
};

/// What `only` may name, in the order of the report.
[[nodiscard]] std::vector<std::string> group_keys();
/// Whether Erlang takes part in any of these; all, if there are none.
[[nodiscard]] bool wants_erlang(const std::vector<std::string>& only);

/// Raw CAF first in each case. Units: "ns", "B", or "%" of a processor; less is better.
[[nodiscard]] std::vector<Group> groups(const Plan& plan);

// The names of the cases.
[[nodiscard]] std::string program_name(const Program& program, std::size_t workers);
[[nodiscard]] std::string ask_name(bool with_deadline, std::size_t workers);
[[nodiscard]] std::string observed_name(std::size_t workers);
[[nodiscard]] std::string overload_name(bool quick, bool long_one);
inline constexpr const char* kSpawnName = "spawn, lazy: an agent";
inline constexpr const char* kLiveMemoryName = "many live: memory of an agent";
inline constexpr const char* kLiveSpawnName = "many live: start of an agent";
inline constexpr const char* kRestName = "10,000 agents at rest, of a core";
inline constexpr const char* kLoneName = "lone message after 1 ms, p50";
inline constexpr const char* kLoneTailName = "lone message after 1 ms, p99";

/// How many agents "many live" are.
[[nodiscard]] std::uint64_t agents_live(bool quick);

/// In this process, what `--measure` asks a fresh process for: "live raw CAF", "overload Myelin 200000". Its figures,
/// one a line. **Errors**: invalid_argument.
[[nodiscard]] Result<std::string> measure_here(const std::string& question, std::size_t workers);

}  // namespace myelin::tool::savina
