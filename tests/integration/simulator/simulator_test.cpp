// Runs the simulator as a user would.
#include "../program.hpp"

#include <unistd.h>

#include <array>
#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

using myelin::test::Outcome;
using myelin::test::Program;
using myelin::test::run;
using nlohmann::json;

BOOST_AUTO_TEST_SUITE(simulator_cli)

BOOST_AUTO_TEST_CASE(help_names_the_scenarios_and_teaches_by_example) {
  const Outcome outcome = run({"--help"});
  BOOST_TEST(outcome.status == 0);
  BOOST_TEST(outcome.out.find("catch-up") != std::string::npos);
  BOOST_TEST(outcome.out.find("Examples:\n  myelin-sim ") != std::string::npos);
  BOOST_TEST(outcome.err.empty());
}

BOOST_AUTO_TEST_CASE(a_slip_costs_one_line) {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"--scenario", "sunny"},
                                                    {"--mutant", "blue"},
                                                    {"--seeds", "9..1"},
                                                    {"--seeds", "1-9"},
                                                    {"--jobs", "0"},
                                                    {"--signatures", "maybe"},
                                                    {"--validators", "99"},
                                                    {"--seeds", "1..9", "--timeline"},
                                                    {"--seed", "1", "--seeds", "1..2"},
                                                    {"--sead", "1"}}) {
    const Outcome outcome = run(arguments);
    BOOST_TEST(outcome.status == 2);
    BOOST_TEST(outcome.err_lines() == 1);
    BOOST_TEST(outcome.out.empty());
  }
}

BOOST_AUTO_TEST_CASE(seeds_run_on_threads_and_report_as_json) {
  const Outcome outcome = run({"--seeds", "1..6", "--jobs", "2", "--json", "--quiet"});
  BOOST_TEST(outcome.status == 0);
  BOOST_TEST(outcome.err.empty());
  const json report = json::parse(outcome.out);
  BOOST_TEST(report["runs"] == 6);
  BOOST_TEST(report["violated"] == 0);
  BOOST_TEST(report["runs_an_hour"] > 0.0);
  BOOST_TEST(report["tally"]["commits"] > 0);
  const json again = json::parse(run({"--seeds", "1..6", "--jobs", "1", "--json", "--quiet"}).out);
  BOOST_TEST(report["fingerprint"] == again["fingerprint"]);
  BOOST_TEST(report["tally"] == again["tally"]);
}

BOOST_AUTO_TEST_CASE(a_broken_promise_prints_its_replay_command_and_a_timeline) {
  const std::vector<std::string> arguments = {"--seed", "1", "--mutant", "sends-before-sync", "--quiet"};
  const Outcome outcome = run(arguments);
  BOOST_TEST(outcome.status == 1);
  BOOST_TEST(outcome.out.find("Replay: myelin-sim --seed 1 --mutant sends-before-sync --timeline\n") !=
             std::string::npos);
  BOOST_TEST(outcome.out.find("nothing is sent before it is durable") != std::string::npos);
  BOOST_TEST(outcome.out.find("0.000000 s  v0        joins epoch 0 after commit 0\n") != std::string::npos);

  std::vector<std::string> expecting = arguments;
  expecting.emplace_back("--expect-violation");
  BOOST_TEST(run(expecting).status == 0);
  BOOST_TEST(run({"--seed", "1", "--scenario", "calm", "--quiet", "--expect-violation"}).status == 1);
}

BOOST_AUTO_TEST_CASE(a_timeline_is_printed_on_demand) {
  const Outcome outcome = run({"--seed", "2", "--scenario", "calm", "--timeline", "--quiet"});
  BOOST_TEST(outcome.status == 0);
  BOOST_TEST(outcome.out.find(" says B") != std::string::npos);
  BOOST_TEST(outcome.out.find("client 1") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_interrupt_ends_a_soak_with_what_was_done) {
  // The first bytes on stderr say that runs are under way; only then comes the interrupt.
  std::array<int, 2> err{};
  BOOST_REQUIRE(::pipe2(err.data(), O_CLOEXEC) == 0);
  Program program{{"--minutes", "60", "--seed", "1", "--jobs", "1", "--json"}, err[1]};
  ::close(err[1]);
  char first = 0;
  BOOST_REQUIRE(::read(err[0], &first, 1) == 1);
  program.interrupt();
  while (::read(err[0], &first, 1) == 1) {
  }
  ::close(err[0]);
  const Outcome outcome = program.wait();
  BOOST_TEST(outcome.status == 130);
  const json report = json::parse(outcome.out);
  BOOST_TEST(report["interrupted"] == true);
  BOOST_TEST(report["runs"] > 0);
  BOOST_TEST(report["violated"] == 0);
}

BOOST_AUTO_TEST_SUITE_END()
