#include "cli/report.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "engine/timeline.hpp"
#include "terminal/units.hpp"

namespace myelin::sim {

namespace {

std::string_view name_of(Scenario scenario) {
  for (const ScenarioName& each : kScenarios) {
    if (each.scenario == scenario) return each.name;
  }
  return {};
}

std::string to_text(const RunReport& run, const Options& options) {
  std::string text = fmt::format("Seed {}: {}\n\n", run.seed, run.plan);
  text += run.timeline;
  if (run.violation) {
    text += fmt::format("\nBroken at {}: {}\n  {}\nReplay: {} --timeline\n", format_time(run.ended),
                        run.violation->invariant, run.violation->what, replay_command(run.seed, options.run));
  }
  return text + '\n';
}

}  // namespace

std::string to_text(const CampaignReport& report, const Options& options) {
  std::string text;
  for (const RunReport& failure : report.failures) text += to_text(failure, options);
  text += fmt::format("{} runs of scenario {}, {} with a broken promise; {} an hour on {} threads\n",
                      tool::format_count(static_cast<long long>(report.runs)), name_of(options.run.scenario),
                      tool::format_count(static_cast<long long>(report.violated)),
                      tool::format_count(static_cast<long long>(report.runs_an_hour())), options.jobs);
  text += "In them:";
  bool is_first = true;
  Tally::for_each(report.tally, [&](const char* name, const std::uint64_t& number) {
    text += fmt::format("{} {} {}", is_first ? "" : ",", tool::format_number(static_cast<double>(number)), name);
    is_first = false;
  });
  return text + '\n';
}

nlohmann::json to_json(const CampaignReport& report, const Options& options) {
  nlohmann::json document{{"scenario", name_of(options.run.scenario)},
                          {"first_seed", options.first_seed},
                          {"runs", report.runs},
                          {"violated", report.violated},
                          {"interrupted", report.was_stopped},
                          {"jobs", options.jobs},
                          {"seconds", std::chrono::duration<double>(report.took).count()},
                          {"runs_an_hour", report.runs_an_hour()},
                          {"fingerprint", fmt::format("{:016x}", report.fingerprint)}};
  nlohmann::json& tally = document["tally"];
  Tally::for_each(report.tally, [&](const char* name, const std::uint64_t& number) { tally[name] = number; });
  nlohmann::json& failures = document["failures"] = nlohmann::json::array();
  for (const RunReport& run : report.failures) {
    if (!run.violation) continue;
    failures.push_back({{"seed", run.seed},
                        {"plan", run.plan},
                        {"invariant", run.violation->invariant},
                        {"what", run.violation->what},
                        {"virtual_seconds", std::chrono::duration<double>(run.ended).count()},
                        {"replay", replay_command(run.seed, options.run)},
                        {"timeline", run.timeline}});
  }
  return document;
}

}  // namespace myelin::sim
