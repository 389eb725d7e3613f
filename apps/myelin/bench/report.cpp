#include "bench/report.hpp"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Validators.hpp>
#include <nlohmann/json.hpp>

#include "cli/version.hpp"
#include "process/atomic_file.hpp"

namespace myelin::tool {

void BenchOptions::declare(CLI::App& app) {
  constexpr int kRepetitionsMax = 1000;
  app.add_option("--repetitions", repetitions, "Rounds in which each variant runs once, 1 to 1000; the median counts")
      ->check(CLI::Range(1, kRepetitionsMax).description(""))
      ->type_name("N")
      ->capture_default_str();
  app.add_flag("--quick", quick, "One round of small cases: does it work? The figures are rough");
  app.add_option("--save", save, "Writes the JSON document to this file too")->type_name("FILE");
}

Machine introduce(const Session& session, const std::string& command) {
  Machine machine = this_machine();
  if (!session.quiet) fmt::print(session.terminal.err, "{} on {}\n", command, to_string(machine));
  if (const std::string warning = warning_about(machine); !warning.empty()) session.warn(warning);
  return machine;
}

nlohmann::json envelope(const std::string& command, const Machine& machine, const BenchOptions& options,
                        bool complete) {
  return {
      {"command", command},   {"version", version_number()},
      {"machine", machine},   {"options", {{"repetitions", options.rounds().repetitions}, {"quick", options.quick}}},
      {"complete", complete}, {"results", nlohmann::json::array()}};
}

Result<void> publish(const Session& session, const BenchOptions& options, const nlohmann::json& document,
                     const std::string& text) {
  if (session.json) {
    session.print_json(document);
  } else {
    session.print_text(text);
  }
  if (options.save.empty()) return {};
  return write_file_atomically(options.save, document.dump(2) + '\n');
}

std::string format_summary(const Summary& summary, const std::function<std::string(double)>& format) {
  if (summary.min == summary.max) return format(summary.median);
  return fmt::format("{} ({}-{})", format(summary.median), format(summary.min), format(summary.max));
}

}  // namespace myelin::tool
