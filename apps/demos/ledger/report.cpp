#include "demos/ledger/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "bench/machine.hpp"
#include "cli/version.hpp"
#include "demos/ledger/rates.hpp"
#include "terminal/drawing.hpp"
#include "terminal/table.hpp"
#include "terminal/units.hpp"

namespace myelin::ledger {

namespace {

using nlohmann::json;

std::string count(std::uint64_t number) { return tool::format_count(static_cast<long long>(number)); }
std::string plural(std::uint64_t number) { return number == 1 ? "" : "s"; }
double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }
std::size_t faults_borne(std::size_t validators) { return (validators - 1) / 3; }

/// At most so many values, each the mean of some.
std::vector<double> thinned(const std::vector<double>& values, std::size_t at_most) {
  const std::size_t width = std::max<std::size_t>(1, (values.size() + at_most - 1) / at_most);
  std::vector<double> means;
  for (std::size_t begin = 0; begin < values.size(); begin += width) {
    const std::size_t end = std::min(begin + width, values.size());
    double sum = 0;
    for (std::size_t i = begin; i < end; ++i) sum += values[i];
    means.push_back(sum / static_cast<double>(end - begin));
  }
  return means;
}

double rate(const Phase& phase) {
  return static_cast<double>(phase.latencies.size()) / std::max(seconds(phase.length), 1e-9);
}

std::string introduction(const Findings& found) {
  const Settings& settings = found.settings;
  const std::size_t accounts = accounts_of(settings.conflict);
  const std::size_t faults = faults_borne(settings.validators);
  std::string text = fmt::format("Group      {} validator{} in this process, on {} worker{}; {} may fail in any way\n",
                                 settings.validators, plural(settings.validators), found.workers, plural(found.workers),
                                 faults == 0 ? "none" : count(faults));
  text += !settings.is_kept ? "Disk       none: the validators keep nothing\n"
          : settings.folder.empty()
              ? "Disk       logs in a temporary folder, synced before anybody is answered\n"
              : fmt::format("Disk       logs in '{}', synced before anybody is answered\n", settings.folder.string());
  text += fmt::format("Accounts   {} ({} conflict) of {} each", count(accounts), to_string(settings.conflict),
                      count(static_cast<std::uint64_t>(kOpeningBalance)));
  if (found.opened < accounts) text += fmt::format("; {} were there before", count(accounts - found.opened));
  text +=
      fmt::format("\nAgents     {}, each with one transfer of 1 to {} at a time\n", count(settings.agents), kAmountMax);
  return text;
}

std::string transfers(Findings& found, tool::Style style) {
  constexpr std::size_t kSparks = 40;
  const Outcomes& outcomes = found.outcomes;
  std::string text = fmt::format("Transfers  {} answered in {:.1f} s: {} a second  {}\n", count(outcomes.answered()),
                                 seconds(found.elapsed), count(static_cast<std::uint64_t>(found.transfers_a_second())),
                                 draw_sparkline(thinned(found.answered_a_tick, kSparks), style));
  text += fmt::format("           {} moved, {} not: the payer had too little ({})\n", count(outcomes.moved),
                      count(outcomes.short_of_funds),
                      tool::format_percent(share(outcomes.short_of_funds, outcomes.answered())));
  text += fmt::format("           {} refused, {} of unknown outcome\n", count(outcomes.all_refused()),
                      count(outcomes.unknown));
  for (const auto& [cause, number] : outcomes.refused) {
    text += fmt::format("           refused: {} with {}\n", count(number), to_string(cause));
  }
  if (!found.latencies.empty()) {
    const auto at = [&](double part) { return tool::format_duration_ns(found.latencies.percentile(part)); };
    text += fmt::format("Latency    p50 {}, p95 {}, p99 {}, max {}: from the agent's call to {} equal answer{}\n",
                        at(0.50), at(0.95), at(0.99), at(1.0), faults_borne(found.settings.validators) + 1,
                        plural(faults_borne(found.settings.validators) + 1));
  }
  text += fmt::format("Processor  {:.2f} cores: {} a transfer, all validators and agents together\n",
                      seconds(found.cpu_time) / std::max(seconds(found.elapsed), 1e-9),
                      tool::format_duration_ns(static_cast<double>(found.cpu_time.count()) /
                                               static_cast<double>(std::max<std::uint64_t>(outcomes.asked(), 1))));
  return text;
}

/// What a crash did to those who went on.
std::string crash(Findings& found) {
  if (!found.crash) return {};
  const Crash& crash = *found.crash;
  std::string text = fmt::format("Crash      validator {} after {:.1f} s", crash.validator, seconds(crash.crashed));
  text +=
      crash.back ? fmt::format("; back after {:.1f} s", seconds(*crash.back)) : std::string{"; it did not come back"};
  if (crash.caught_up) text += fmt::format("; level with the others after {:.1f} s", seconds(*crash.caught_up));
  text += '\n';
  using enum tool::Table::Align;
  tool::Table table{{{"", left}, {"answered a second"}, {"p50"}, {"p99"}, {"max"}}};
  for (Phase& phase : found.phases) {
    const auto at = [&](double part) {
      return phase.latencies.empty() ? std::string{"-"} : tool::format_duration_ns(phase.latencies.percentile(part));
    };
    table.add_row({phase.name, count(static_cast<std::uint64_t>(rate(phase))), at(0.50), at(0.99), at(1.0)});
  }
  return text + '\n' + table.to_string() + '\n';
}

std::string balances(const Findings& found) {
  if (!found.balance) return fmt::format("Balances   {}\n", found.balance.error().message);
  return fmt::format("Balances   add up: {} accounts, total {}\n", count(found.balances.by_account.size()),
                     count(static_cast<std::uint64_t>(found.balances.total())));
}

std::string validators(const Findings& found) {
  using enum tool::Table::Align;
  std::vector<tool::Table::Column> columns{{"validator", left}};
  for (std::size_t i = 0; i < found.validators.size(); ++i) columns.push_back({fmt::format("{}", i)});
  tool::Table table{std::move(columns)};
  const auto row = [&](const std::string& name, const auto& cell) {
    std::vector<std::string> cells{name};
    for (const validator::ValidatorStatus& status : found.validators) cells.push_back(cell(status));
    table.add_row(std::move(cells));
  };
  using Status = validator::ValidatorStatus;
  row("commits executed", [](const Status& status) { return count(status.executed); });
  row("keys held", [](const Status& status) { return count(status.keys); });
  row("transactions", [](const Status& status) { return count(status.execution.transactions); });
  row("  sequential", [](const Status& s) { return count(s.execution.transactions_by_executor[kBySequential]); });
  row("  scheduled", [](const Status& s) { return count(s.execution.transactions_by_executor[kByScheduled]); });
  row("  block_stm", [](const Status& s) { return count(s.execution.transactions_by_executor[kByBlockStm]); });
  row("  run again", [](const Status& s) { return tool::format_percent(rates_of(s.execution).run_again); });
  row("commits executed ahead", [](const Status& status) { return count(status.execution.predictions); });
  row("  and right", [](const Status& s) { return tool::format_percent(rates_of(s.execution).predictions_hit); });
  row("  of all commits", [](const Status& s) { return tool::format_percent(rates_of(s.execution).executed_ahead); });
  row("commits foretold",
      [](const Status& s) { return tool::format_percent(share(s.core.expected_commits, s.core.commits)); });
  if (found.settings.is_kept) {
    row("log", [](const Status& status) { return tool::format_bytes(static_cast<double>(status.log_bytes)); });
    row("  syncs", [](const Status& status) { return count(status.syncs); });
  }
  row("rounds that waited in vain", [](const Status& status) { return count(status.core.timeouts); });
  row("signatures checked", [](const Status& status) { return count(status.signatures_checked); });
  row("  at a time", [](const Status& s) {
    return fmt::format("{:.1f}", s.signature_calls == 0 ? 0.0
                                                        : static_cast<double>(s.signatures_checked) /
                                                              static_cast<double>(s.signature_calls));
  });
  return table.to_string();
}

json outcomes_json(const Findings& found) {
  json refused = json::object();
  for (const auto& [cause, number] : found.outcomes.refused) refused[std::string{to_string(cause)}] = number;
  return {{"asked", found.outcomes.asked()},
          {"answered", found.outcomes.answered()},
          {"moved", found.outcomes.moved},
          {"short_of_funds", found.outcomes.short_of_funds},
          {"refused", found.outcomes.all_refused()},
          {"refused_by_cause", refused},
          {"unknown", found.outcomes.unknown},
          {"elapsed_ns", found.elapsed.count()},
          {"a_second", found.transfers_a_second()},
          {"answered_a_tick", found.answered_a_tick},
          {"tick_ns", kTick.count()},
          {"cpu_ns", found.cpu_time.count()}};
}

json crash_json(const Crash& crash) {
  const auto time = [](const std::optional<Duration>& moment) {
    return moment ? json(moment->count()) : json(nullptr);
  };
  return {{"validator", crash.validator},
          {"crashed_ns", crash.crashed.count()},
          {"back_ns", time(crash.back)},
          {"caught_up_ns", time(crash.caught_up)}};
}

json status_json(const validator::ValidatorStatus& status) {
  const Rates rates = rates_of(status.execution);
  const auto& by_executor = status.execution.transactions_by_executor;
  return {{"epoch", status.epoch},
          {"round", status.round},
          {"committed", status.committed},
          {"executed", status.executed},
          {"executed_time_ns", status.executed_time},
          {"keys", status.keys},
          {"transactions", status.execution.transactions},
          {"by_executor",
           {{"sequential", by_executor[kBySequential]},
            {"scheduled", by_executor[kByScheduled]},
            {"block_stm", by_executor[kByBlockStm]}}},
          {"stm_executions", status.execution.stm_executions},
          {"run_again", rates.run_again},
          {"predictions", status.execution.predictions},
          {"predictions_hit", status.execution.predictions_hit},
          {"expected_commits", status.core.expected_commits},
          {"commits", status.core.commits},
          {"timeouts", status.core.timeouts},
          {"fetches", status.core.fetches},
          {"snapshots", status.core.snapshots},
          {"suspended", status.core.suspended},
          {"missing", status.core.missing},
          {"signatures_checked", status.signatures_checked},
          {"signature_calls", status.signature_calls},
          {"log_bytes", status.log_bytes},
          {"syncs", status.syncs},
          {"halted", status.halted}};
}

}  // namespace

std::string to_text(Findings& found, tool::Style style) {
  std::string text = introduction(found) + transfers(found, style) + crash(found) + balances(found) + '\n';
  text += validators(found);
  if (!found.agreement) text += found.agreement.error().message + '\n';
  return text;
}

json to_json(Findings& found) {
  const Settings& settings = found.settings;
  json document{{"command", "demo ledger"},
                {"version", tool::version_number()},
                {"machine", tool::this_machine()},
                {"complete", found.is_complete}};
  document["group"] = {{"validators", settings.validators},
                       {"faults_borne", faults_borne(settings.validators)},
                       {"executor", consensus::to_string(settings.executor)},
                       {"workers", found.workers},
                       {"kept", settings.is_kept},
                       {"folder", settings.folder.string()}};
  document["agents"] = settings.agents;
  document["seed"] = settings.seed;
  document["conflict"] = to_string(settings.conflict);
  document["transfers"] = outcomes_json(found);
  document["latency"] = tool::to_json(found.latencies);
  document["phases"] = json::array();
  for (Phase& phase : found.phases) {
    document["phases"].push_back({{"name", phase.name},
                                  {"length_ns", phase.length.count()},
                                  {"answered_a_second", rate(phase)},
                                  {"latency", tool::to_json(phase.latencies)}});
  }
  document["crash"] = found.crash ? crash_json(*found.crash) : json(nullptr);
  document["balances"] = {
      {"accounts", found.balances.by_account.size()},
      {"accounts_expected", accounts_of(settings.conflict)},
      {"opened", found.opened},
      {"total", found.balances.total()},
      {"total_expected", static_cast<std::int64_t>(accounts_of(settings.conflict)) * kOpeningBalance},
      {"add_up", found.balance.has_value()}};
  document["validators"] = json::array();
  for (const auto& status : found.validators) document["validators"].push_back(status_json(status));
  document["validators_agree"] = found.agreement.has_value();
  return document;
}

}  // namespace myelin::ledger
