/// The Savina programs: how large, what must come of them, and who runs them.
///
/// **Source**: Imam and Sarkar, "Savina - An Actor Benchmark Suite", AGERE! 2014; Skynet: github.com/atemerev/skynet.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "bench/savina/work.hpp"

namespace myelin::tool::savina {

struct Program {
  std::string name;  ///< "Fork-Join create"
  std::string key;   ///< "fork-join-create": on the command line, and to Erlang
  std::string per;   ///< What a figure is for: "a message".
  Work full;
  Work quick;
  std::uint64_t (*operations)(const Work&);  ///< How many of `per` the work holds.
  std::uint64_t (*expected)(const Work&);    ///< The right result.
  Finish (*in_caf)(const Work&);
  Finish (*in_myelin)(const Work&);
  bool in_erlang = false;
  /// Measured on every number of workers; the others on the largest.
  bool on_each_number_of_workers = false;
};

/// PingPong first; in the order of the report.
[[nodiscard]] std::vector<Program> programs();

/// Nanoseconds an operation. **Errors**: throws Failed when the result is wrong.
[[nodiscard]] double figure(const Program& program, const Work& work, const std::string& side, const Finish& finish);

}  // namespace myelin::tool::savina
