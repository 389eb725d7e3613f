#include "commands/demo_ledger.hpp"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Validators.hpp>
#include <chrono>
#include <nlohmann/json.hpp>

#include "bench/machine.hpp"
#include "demos/ledger/demo.hpp"
#include "demos/ledger/report.hpp"
#include "myelin/consensus/limits.hpp"
#include "terminal/progress.hpp"

namespace myelin::tool {

namespace {

// With --quick, unless others are asked for.
constexpr double kQuickSeconds = 1;
constexpr std::size_t kQuickAgents = 50;

template <auto parse>
std::string check(const std::string& name) {
  const auto known = parse(name);
  return known ? std::string{} : known.error().message;
}

}  // namespace

void DemoLedger::declare(CLI::App& app) {
  constexpr std::size_t kAgentsMax = 10'000;
  constexpr std::size_t kWorkersMax = 1024;
  constexpr double kSecondsMin = 0.2;
  constexpr double kSecondsMax = 86'400;
  app_ = &app;
  const auto number = [&](const std::string& name, std::size_t& value, std::size_t min, std::size_t max,
                          const std::string& help) {
    app.add_option(name, value, help)
        ->check(CLI::Range(min, max).description(""))
        ->type_name("N")
        ->capture_default_str();
  };
  number("--agents", flags_.agents, 1, kAgentsMax, "Agents, each with one transfer at a time");
  app.add_option("--conflict", conflict_,
                 "How often two want one account: low (10,000 accounts), medium (100), high (4)")
      ->check(CLI::Validator(&check<&ledger::parse_conflict>, ""))
      ->type_name("RATE")
      ->capture_default_str();
  number("--validators", flags_.validators, 1, consensus::limits::kValidatorsMax,
         "Validators of the group; of n of them (n - 1) / 3 may fail");
  app.add_option("--executor", executor_, "How they execute: automatic, sequential, scheduled or block_stm")
      ->check(CLI::Validator(&check<&ledger::parse_executor>, ""))
      ->type_name("NAME")
      ->capture_default_str();
  app.add_option("--seconds", seconds_, "How long transfers are made")
      ->check(CLI::Range(kSecondsMin, kSecondsMax).description(""))
      ->type_name("S")
      ->capture_default_str();
  app.add_option("--kill", kill_, "This validator crashes in the middle, and comes back")->type_name("N");
  auto* const folder =
      app.add_option("--folder", folder_, "Keeps the validators' files here; a ledger in it goes on")->type_name("DIR");
  app.add_flag("--no-disk", no_disk_, "Validators keep nothing: what waiting for the disk costs")->excludes(folder);
  number("--workers", flags_.workers, 0, kWorkersMax, "Threads that run agents; 0 is one a processor");
  app.add_option("--seed", flags_.seed, "Decides who pays whom how much")->type_name("N")->capture_default_str();
  app.add_flag("--quick", quick_, "50 agents for a second, to see that it works");
  app.footer(
      "Every transfer is executed at most once, by all validators in the same order, and is on their disks before its\n"
      "agent is answered. At the end all balances are read back; if they do not add up to what was there at the\n"
      "beginning, the exit status is 1.\n\n"
      "Examples:\n"
      "  myelin demo ledger                           # 200 agents, 4 validators, 10 seconds\n"
      "  myelin demo ledger --conflict high           # all want the same four accounts\n"
      "  myelin demo ledger --executor block_stm --conflict medium\n"
      "  myelin demo ledger --kill 2                  # validator 2 crashes, and comes back\n"
      "  myelin demo ledger --folder ledger && myelin memory search 'ledger/*' --dir ledger --limit 5\n"
      "  myelin demo ledger --agents 2000 --seconds 30 --json > ledger.json");
}

Result<ledger::Settings> DemoLedger::resolve() const {
  ledger::Settings settings = flags_;
  const auto conflict = ledger::parse_conflict(conflict_);
  if (!conflict) return tl::unexpected{conflict.error()};
  const auto executor = ledger::parse_executor(executor_);
  if (!executor) return tl::unexpected{executor.error()};
  settings.conflict = *conflict;
  settings.executor = *executor;
  settings.folder = folder_;
  settings.is_kept = !no_disk_;
  const auto is_given = [&](const char* option) { return app_->get_option(option)->count() > 0; };
  const double seconds = quick_ && !is_given("--seconds") ? kQuickSeconds : seconds_;
  settings.duration = std::chrono::duration_cast<Duration>(std::chrono::duration<double>{seconds});
  if (quick_ && !is_given("--agents")) settings.agents = kQuickAgents;
  if (is_given("--kill")) settings.kill = kill_;
  if (const auto sound = ledger::check(settings); !sound) return tl::unexpected{sound.error()};
  return settings;
}

Result<void> DemoLedger::run(Session& session) {
  const Result<ledger::Settings> settings = resolve();
  if (!settings) return tl::unexpected{settings.error()};
  Progress progress{session.terminal, session.quiet};
  Result<ledger::Findings> found = ledger::run_demo(*settings, progress, session.stop);
  progress.clear();
  if (!found) return tl::unexpected{found.error()};
  if (const std::string warning = warning_about(this_machine()); !warning.empty()) session.warn(warning);
  const Result<void> proof = found->balance ? found->agreement : found->balance;
  if (session.json && proof) {
    session.print_json(ledger::to_json(*found));
  } else if (session.json) {
    // The error is the one document on stdout.
    fmt::print(session.terminal.err, "{}", ledger::to_text(*found, {}));
  } else {
    session.print_text(ledger::to_text(*found, session.terminal.out_style));
  }
  return proof;
}

}  // namespace myelin::tool
