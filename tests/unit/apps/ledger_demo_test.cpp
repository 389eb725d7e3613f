#include "demos/ledger/demo.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "demos/ledger/rates.hpp"
#include "demos/ledger/report.hpp"
#include "temporary_directory.hpp"

using myelin::Errc;
using namespace myelin::ledger;
using myelin::validator::ValidatorStatus;
using namespace std::chrono_literals;

BOOST_TEST_DONT_PRINT_LOG_VALUE(myelin::Errc)

namespace {

Findings run(const Settings& settings) {
  const myelin::tool::Terminal terminal{.out = stdout, .err = stderr, .out_style = {}};
  myelin::tool::Progress progress{terminal, true};
  auto found = run_demo(settings, progress, {});
  BOOST_REQUIRE_MESSAGE(found, (found ? std::string{} : to_string(found.error())));
  return *std::move(found);
}

/// Short; what it finds does not depend on how far it gets.
Settings brief(Conflict conflict, std::size_t validators, myelin::consensus::Executor executor) {
  return {.agents = 20,
          .conflict = conflict,
          .validators = validators,
          .executor = executor,
          .duration = 300ms,
          .workers = 2,
          .is_kept = false};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(ledger_demo)

BOOST_AUTO_TEST_CASE(names_of_conflict_rates_and_executors_are_read) {
  for (const Conflict conflict : {Conflict::low, Conflict::medium, Conflict::high}) {
    BOOST_TEST((parse_conflict(to_string(conflict)) == conflict));
  }
  BOOST_TEST(accounts_of(Conflict::low) > accounts_of(Conflict::medium));
  BOOST_TEST(accounts_of(Conflict::medium) > accounts_of(Conflict::high));
  for (const auto executor : {myelin::consensus::Executor::automatic, myelin::consensus::Executor::block_stm}) {
    BOOST_TEST((parse_executor(myelin::consensus::to_string(executor)) == executor));
  }
  BOOST_TEST(parse_conflict("huge").error().message.find("low, medium or high") != std::string::npos);
  BOOST_TEST(parse_executor("fast").error().message.find("'fast'") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(balances_add_up_whatever_the_conflict_the_group_and_the_executor) {
  using enum myelin::consensus::Executor;
  for (const Settings& settings : {brief(Conflict::high, 4, automatic), brief(Conflict::medium, 4, block_stm),
                                   brief(Conflict::high, 1, sequential)}) {
    Findings found = run(settings);
    BOOST_TEST(found.balance.has_value());
    BOOST_TEST(found.agreement.has_value());
    BOOST_TEST(found.balances.by_account.size() == accounts_of(settings.conflict));
    BOOST_TEST(found.opened == accounts_of(settings.conflict));
    BOOST_TEST(found.outcomes.answered() > 0U);
    BOOST_TEST(found.latencies.size() == found.outcomes.answered());
    BOOST_TEST(found.validators.size() == settings.validators);
    for (const ValidatorStatus& status : found.validators) {
      BOOST_TEST(status.execution.transactions >= found.outcomes.answered());
      if (settings.executor == block_stm) BOOST_TEST(status.execution.transactions_by_executor[kByBlockStm] > 0U);
    }
  }
}

BOOST_AUTO_TEST_CASE(the_report_says_that_they_do_and_the_document_has_every_count) {
  Findings found = run(brief(Conflict::high, 4, myelin::consensus::Executor::automatic));
  const std::string text = to_text(found, {});
  for (const char* part :
       {"add up: 4 accounts, total 4,000", "1 may fail", "answered", "2 equal answers", "keys held"}) {
    BOOST_TEST(text.find(part) != std::string::npos, part << " is missing in " << text);
  }
  const nlohmann::json document = to_json(found);
  BOOST_TEST(document["complete"].get<bool>());
  BOOST_TEST(document["balances"]["add_up"].get<bool>());
  BOOST_TEST(document["balances"]["total"].get<int>() == 4000);
  const auto& transfers = document["transfers"];
  BOOST_TEST(transfers["asked"].get<std::uint64_t>() ==
             transfers["moved"].get<std::uint64_t>() + transfers["short_of_funds"].get<std::uint64_t>() +
                 transfers["refused"].get<std::uint64_t>() + transfers["unknown"].get<std::uint64_t>());
  BOOST_TEST(document["validators"].size() == 4U);
}

BOOST_AUTO_TEST_CASE(a_validator_crashes_and_comes_back_and_all_hold_the_same) {
  const myelin::test::TemporaryDirectory folder;
  Settings settings = brief(Conflict::medium, 4, myelin::consensus::Executor::automatic);
  settings.is_kept = true;
  settings.folder = folder.path() / "ledger";
  settings.duration = 1500ms;
  settings.kill = 2;
  Findings found = run(settings);
  BOOST_TEST(found.balance.has_value());
  BOOST_TEST(found.agreement.has_value());
  BOOST_REQUIRE(found.crash.has_value());
  BOOST_TEST(found.crash->back.has_value());
  BOOST_TEST(found.phases.size() == 3U);
  const std::string text = to_text(found, {});
  BOOST_TEST(text.find("Crash      validator 2 after") != std::string::npos);
  BOOST_TEST(text.find("while it was away") != std::string::npos);

  // The ledger is there, and goes on.
  settings.kill.reset();
  Findings again = run(settings);
  BOOST_TEST(again.opened == 0U);
  BOOST_TEST(again.balance.has_value());
  BOOST_TEST(to_text(again, {}).find("100 were there before") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_crash_that_makes_no_sense_is_refused) {
  Settings settings = brief(Conflict::high, 4, myelin::consensus::Executor::automatic);
  settings.kill = 1;
  BOOST_TEST(check(settings).error().message.find("keeps nothing") != std::string::npos);
  settings.is_kept = true;
  BOOST_TEST(check(settings).has_value());
  settings.kill = 4;
  BOOST_TEST(check(settings).error().message.find("they are 0 to 3") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_balance_that_is_off_is_what_the_report_says) {
  Findings found;
  found.balances.by_account = {{"account0", 999}};
  found.balance = check_balances(found.balances, 1);
  const std::string text = to_text(found, {});
  BOOST_TEST(text.find("do not add up") != std::string::npos);
  BOOST_TEST(text.find("total 999") != std::string::npos);
  BOOST_TEST(!to_json(found)["balances"]["add_up"].get<bool>());
}

BOOST_AUTO_TEST_CASE(validators_that_hold_more_or_less_are_named) {
  std::vector<ValidatorStatus> validators(4);
  for (ValidatorStatus& status : validators) {
    status.keys = 100;
    status.executed_time = 5;
  }
  BOOST_TEST(check_agreement(validators, 5).has_value());
  validators[2].keys = 99;
  const auto differ = check_agreement(validators, 5);
  BOOST_REQUIRE(!differ);
  BOOST_TEST(differ.error().message.find("2 holds 99") != std::string::npos);
  validators[2].keys = 100;
  validators[3].executed_time = 4;
  const auto late = check_agreement(validators, 5);
  BOOST_REQUIRE(!late);
  BOOST_TEST(late.error().code == Errc::timeout);
  BOOST_TEST(late.error().message.find("validator 3 is not level") != std::string::npos);
  validators[1].halted = "its log is gone";
  const auto halted = check_agreement(validators, 5);
  BOOST_REQUIRE(!halted);
  BOOST_TEST(halted.error().code == Errc::validator_halted);
  BOOST_TEST(halted.error().message.find("its log is gone") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(rates_are_of_what_they_say) {
  BOOST_TEST(share(0, 0) == 0.0);
  BOOST_TEST(share(1, 4) == 0.25);
  myelin::consensus::ExecutionMetrics metrics;
  metrics.commits = 100;
  metrics.predictions = 80;
  metrics.predictions_hit = 60;
  metrics.transactions_by_executor[kBySequential] = 500;
  metrics.transactions_by_executor[kByBlockStm] = 1000;
  metrics.stm_executions = 1100;
  const Rates rates = rates_of(metrics);
  BOOST_TEST(rates.run_again == 0.1);
  BOOST_TEST(rates.predictions_hit == 0.75);
  BOOST_TEST(rates.executed_ahead == 0.6);
}

BOOST_AUTO_TEST_SUITE_END()
