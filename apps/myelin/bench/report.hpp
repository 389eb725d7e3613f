/// The parts that every benchmark's report shares: options, the machine line, the JSON envelope.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "bench/harness.hpp"
#include "bench/machine.hpp"
#include "bench/statistics.hpp"
#include "cli/session.hpp"
#include "myelin/base/result.hpp"

namespace CLI {
class App;
class Validator;
}  // namespace CLI

namespace myelin::tool {

/// `--repetitions`, `--quick` and `--save`, as every benchmark has them.
struct BenchOptions {
  static constexpr int kRepetitions = 7;

  std::optional<int> repetitions;  ///< As asked for; nothing for kRepetitions, and for 1 with `quick`.
  bool quick = false;              ///< Fewer cases and shorter ones: seconds, to see that it works, roughly.
  std::string save;                ///< A file that gets the JSON document too; empty for none.

  void declare(CLI::App& app);
  /// Before any measuring. **Errors**: io_error where `save` cannot be written.
  [[nodiscard]] Result<void> check() const;
  [[nodiscard]] Rounds rounds() const { return {repetitions.value_or(quick ? 1 : kRepetitions), quick ? 0 : 1}; }
};

/// Refuses '' for an option that takes a file, which would be as if it was not given.
[[nodiscard]] CLI::Validator names_a_file();

/// Prints the machine on stderr, and a warning when its figures are worthless. Returns the machine.
Machine introduce(const Session& session, const std::string& command);

/// {"command", "version", "machine", "options": {...}, "complete", "results": [...]}.
[[nodiscard]] nlohmann::json envelope(const std::string& command, const Machine& machine, const BenchOptions& options,
                                      bool complete);

/// Shows the report: the document with `--json`, else the text; saves the document where `--save` says. After Ctrl-C a
/// line on stderr says before it that the report is incomplete.
/// **Errors**: io_error from `--save`.
[[nodiscard]] Result<void> publish(const Session& session, const BenchOptions& options, const nlohmann::json& document,
                                   const std::string& text);

/// "12.3 (11.9-12.8)": the median and the range of the repetitions.
[[nodiscard]] std::string format_summary(const Summary& summary, const std::function<std::string(double)>& format);

/// "1.23".
[[nodiscard]] std::string two_digits(double ratio);

/// A figure with its unit: "ns" as a time, "B" as memory, "%" as it is.
[[nodiscard]] std::string format_figure(const std::string& unit, double value);

/// A table with a row a side, the sides of a case together: median, range, spread, how many a second, and how many
/// times the first side's figure is this one's. `heading` says what the cases are.
[[nodiscard]] std::string comparison_table(const std::string& heading, const std::vector<Comparison>& comparisons);

/// Percentiles of one side's latencies in one case.
struct LatencyRow {
  std::string side;
  std::size_t workers = 1;
  Latencies latencies;
};

/// A table with a row of percentiles a side. `heading` says what took so long.
[[nodiscard]] std::string latency_table(const std::string& heading, std::vector<LatencyRow>& rows, Style style);

}  // namespace myelin::tool
