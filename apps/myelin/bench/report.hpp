/// The parts that every benchmark's report shares: options, the machine line, the JSON envelope.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "bench/harness.hpp"
#include "bench/machine.hpp"
#include "cli/session.hpp"
#include "myelin/base/result.hpp"

namespace CLI {
class App;
}

namespace myelin::tool {

/// `--repetitions`, `--quick` and `--save`, as every benchmark has them.
struct BenchOptions {
  int repetitions = 7;
  bool quick = false;  ///< Fewer cases and shorter ones: seconds, to see that it works; the figures are rough.
  std::string save;    ///< A file that gets the JSON document too; empty for none.

  void declare(CLI::App& app);
  [[nodiscard]] Rounds rounds() const { return {quick ? 1 : repetitions, quick ? 0 : 1}; }
};

/// Prints the machine on stderr, and a warning when its figures are worthless. Returns the machine.
Machine introduce(const Session& session, const std::string& command);

/// {"command", "version", "machine", "options": {...}, "complete", "results": [...]}.
[[nodiscard]] nlohmann::json envelope(const std::string& command, const Machine& machine, const BenchOptions& options,
                                      bool complete);

/// Shows the report: the document with `--json`, else the text; saves the document where `--save` says.
/// **Errors**: io_error from `--save`.
[[nodiscard]] Result<void> publish(const Session& session, const BenchOptions& options, const nlohmann::json& document,
                                   const std::string& text);

/// "12.3 (11.9-12.8)": the median and the range of the repetitions.
[[nodiscard]] std::string format_summary(const Summary& summary, const std::function<std::string(double)>& format);

}  // namespace myelin::tool
