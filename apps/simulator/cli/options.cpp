#include "cli/options.hpp"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <charconv>
#include <cstdio>
#include <random>
#include <string_view>
#include <thread>

namespace myelin::sim {

namespace {

constexpr std::size_t kJobsMax = 256;

std::string footer() {
  std::string text = "Scenarios:\n";
  for (const ScenarioName& each : kScenarios) text += fmt::format("  {:<11} {}\n", each.name, each.meaning);
  text += "\nMutants (--mutant): mistakes in the shell around the core, which the checkers must find:\n";
  for (const MutantName& each : kMutants) {
    if (each.mutant != Mutant::none) text += fmt::format("  {:<18} {}\n", each.name, each.meaning);
  }
  text +=
      "\nExamples:\n"
      "  myelin-sim                                      # 1,000 seeds of the standard scenario\n"
      "  myelin-sim --seeds 1..100000 --jobs 2           # a range of them\n"
      "  myelin-sim --minutes 30                         # a soak: seeds that nobody has run before\n"
      "  myelin-sim --seed 42 --timeline | less          # one run, and all that happens in it\n"
      "  myelin-sim --scenario sync-lies --seeds 1..50 --expect-violation\n\n"
      "The same seed, scenario and build give the same run, on any machine. A seed that breaks a promise is run again\n"
      "with its timeline on, and the command that replays it is printed.\n\n"
      "Exit status: 0 all promises were kept, 1 one was broken (with --expect-violation the other way around), 2 the\n"
      "command line makes no sense, 130 interrupted.";
  return text;
}

template <class Names>
auto named(const Names& names, std::string_view word) {
  for (const auto& each : names) {
    if (each.name == word) return &each;
  }
  return static_cast<decltype(names.data())>(nullptr);
}

template <class Names>
std::string list(const Names& names) {
  std::string text;
  for (const auto& each : names) text += fmt::format("{}{}", text.empty() ? "" : ", ", each.name);
  return text;
}

bool to_number(std::string_view text, std::uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

bool parse_range(std::string_view text, Options& options) {
  const std::size_t dots = text.find("..");
  return dots != std::string_view::npos && to_number(text.substr(0, dots), options.first_seed) &&
         to_number(text.substr(dots + 2), options.last_seed) && options.first_seed <= options.last_seed;
}

int complain(std::string_view problem) {
  fmt::print(stderr, "myelin-sim: {}. See 'myelin-sim --help'\n", problem);
  return kExitUsage;
}

}  // namespace

std::variant<Options, int> parse_options(int argc, const char* const* argv) {
  Options options;
  CLI::App app{
      "Simulates groups of consensus validators, with every fault there is, and checks what they promise.\n"
      "One seed decides everything: the size of the group, the network, the disks, who lies, who crashes and when, "
      "what\n"
      "clients ask. Time is virtual.",
      "myelin-sim"};
  app.set_help_flag("-h,--help", "What the program does, its options, and examples");
  app.footer(&footer);
  std::optional<std::uint64_t> seed;
  std::string seeds;
  std::string scenario{"standard"};
  std::string mutant{"none"};
  std::string signatures{"stub"};
  std::optional<std::uint64_t> minutes;
  std::size_t jobs = std::max(1U, std::thread::hardware_concurrency());
  std::size_t validators = 0;
  auto* const one = app.add_option("--seed", seed, "Run this one")->type_name("N");
  auto* const many = app.add_option("--seeds", seeds, "Run all from A to B (default 1..1000)")->type_name("A..B");
  auto* const soak =
      app.add_option("--minutes", minutes, "A soak: run fresh seeds for so long; from --seed on, if given")
          ->type_name("N");
  many->excludes(one);
  many->excludes(soak);
  app.add_option("--scenario", scenario, "Which faults there are; see below")->type_name("NAME");
  app.add_option("--validators", validators, "As many validators, whatever the seed says; 1 to 26")->type_name("N");
  app.add_option("--signatures", signatures, "'stub' (default) or 'real' for Ed25519, which is slower")
      ->type_name("KIND");
  app.add_option("--mutant", mutant, "Make a mistake on purpose; see below")->type_name("NAME");
  app.add_option("--jobs", jobs, "Threads (default: one a processor)")->type_name("N");
  app.add_flag("--expect-violation", options.expects_violation,
               "Succeed if some seed breaks a promise, and stop there");
  app.add_flag("--keep-going", options.keeps_going, "Run all seeds, whatever the first violations are");
  app.add_flag("--timeline", options.timeline, "Print all that happens; with one seed only");
  app.add_option("--lines", options.lines, "Lines of the timeline to print before a violation (default 60)")
      ->type_name("N");
  app.add_flag("--json", options.json, "One JSON document on stdout; progress stays on stderr");
  app.add_flag("--quiet", options.quiet, "No progress on stderr");
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    fmt::print("{}", app.help());
    return kExitClean;
  } catch (const CLI::ParseError& error) {
    return complain(error.what());
  }
  const auto* const the_scenario = named(kScenarios, scenario);
  if (the_scenario == nullptr) {
    return complain(fmt::format("there is no scenario '{}'; there are {}", scenario, list(kScenarios)));
  }
  const auto* const the_mutant = named(kMutants, mutant);
  if (the_mutant == nullptr) {
    return complain(fmt::format("there is no mutant '{}'; there are {}", mutant, list(kMutants)));
  }
  if (signatures != "stub" && signatures != "real") {
    return complain(fmt::format("--signatures is 'stub' or 'real', not '{}'", signatures));
  }
  if (validators > 26) return complain(fmt::format("--validators is 1 to 26, not {}", validators));
  if (jobs == 0 || jobs > kJobsMax) return complain(fmt::format("--jobs is 1 to {}, not {}", kJobsMax, jobs));
  if (!seeds.empty() && !parse_range(seeds, options)) {
    return complain(fmt::format("--seeds is 'A..B' with A not above B, not '{}'", seeds));
  }
  if (minutes) {
    options.soak = std::chrono::minutes{*minutes};
    options.first_seed = seed ? *seed : std::uint64_t{std::random_device{}()} << 20;
    options.last_seed = UINT64_MAX;
  } else if (seed) {
    options.first_seed = options.last_seed = *seed;
  }
  if (options.timeline && options.first_seed != options.last_seed) {
    return complain("--timeline goes with --seed: of many runs nobody could read it");
  }
  options.run.scenario = the_scenario->scenario;
  options.run.mutant = the_mutant->mutant;
  options.run.real_signatures = signatures == "real";
  if (validators > 0) options.run.validators = validators;
  options.jobs = jobs;
  return options;
}

std::string replay_command(std::uint64_t seed, const RunOptions& run) {
  std::string command = fmt::format("myelin-sim --seed {}", seed);
  for (const ScenarioName& each : kScenarios) {
    if (each.scenario == run.scenario && run.scenario != Scenario::standard) {
      command += fmt::format(" --scenario {}", each.name);
    }
  }
  for (const MutantName& each : kMutants) {
    if (each.mutant == run.mutant && run.mutant != Mutant::none) command += fmt::format(" --mutant {}", each.name);
  }
  if (run.validators) command += fmt::format(" --validators {}", *run.validators);
  if (run.real_signatures) command += " --signatures real";
  return command;
}

}  // namespace myelin::sim
