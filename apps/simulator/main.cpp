// The simulator. This file is its wiring.
#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <nlohmann/json.hpp>

#include "cli/campaign.hpp"
#include "cli/crash_note.hpp"
#include "cli/options.hpp"
#include "cli/report.hpp"
#include "process/environment.hpp"
#include "process/interrupt.hpp"
#include "terminal/progress.hpp"
#include "terminal/terminal.hpp"
#include "terminal/units.hpp"

namespace {

int run(const myelin::sim::Options& options, const myelin::tool::Interrupt& interrupt) {
  using namespace myelin;
  const tool::Environment environment = tool::Environment::of_process();
  const tool::Terminal terminal = tool::Terminal::of_process(environment);
  tool::Progress progress{terminal, options.quiet};
  const sim::CampaignReport report =
      sim::run_campaign(options, interrupt.token(), [&](const sim::CampaignReport& so_far) {
        progress.update(fmt::format("{} runs, {} with a broken promise, {} an hour",
                                    tool::format_count(static_cast<long long>(so_far.runs)), so_far.violated,
                                    tool::format_count(static_cast<long long>(so_far.runs_an_hour()))));
      });
  progress.clear();
  if (options.json) {
    fmt::print("{}\n", sim::to_json(report, options).dump(2));
  } else {
    fmt::print("{}", sim::to_text(report, options));
  }
  if (std::fflush(stdout) != 0) {
    fmt::print(stderr, "myelin-sim: cannot write to standard output; is the disk full?\n");
    return sim::kExitViolated;
  }
  if (report.was_stopped) return tool::kExitInterrupted;
  return (report.violated > 0) == options.expects_violation ? sim::kExitClean : sim::kExitViolated;
}

}  // namespace

int main(int argc, char** argv) {
  const myelin::tool::Interrupt interrupt;  // First: later threads inherit its signal mask.
  const auto parsed = myelin::sim::parse_options(argc, argv);
  if (const int* const status = std::get_if<int>(&parsed)) return *status;
  myelin::sim::CrashNote::install();
  try {
    return run(std::get<myelin::sim::Options>(parsed), interrupt);
  } catch (const std::exception& exception) {
    fmt::print(stderr, "myelin-sim: internal error: {}\n", exception.what());
    return myelin::sim::kExitViolated;
  }
}
