// Mistakes made on purpose: whoever cannot find these finds nothing.
#include <boost/test/unit_test.hpp>
#include <map>
#include <string>

#include "cluster/simulation.hpp"

using myelin::sim::Mutant;
using myelin::sim::run_seed;
using myelin::sim::RunOptions;
using myelin::sim::RunReport;
using myelin::sim::Scenario;

namespace {

/// The promises that break in these seeds, and how often.
std::map<std::string, int> broken_by(const RunOptions& options, std::uint64_t last, std::uint64_t first = 1) {
  std::map<std::string, int> broken;
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    if (const RunReport report = run_seed(seed, options); report.violation) ++broken[report.violation->invariant];
  }
  return broken;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(mutants)

BOOST_AUTO_TEST_CASE(disks_that_lie_show_as_equivocation) {
  const auto broken = broken_by({.scenario = Scenario::sync_lies}, 40);
  BOOST_TEST(broken.contains("an honest validator has one vertex a round"));
  BOOST_TEST(broken.contains("a crash costs no validator its log"));
}

BOOST_AUTO_TEST_CASE(sending_before_the_disk_has_it_is_found) {
  const auto broken = broken_by({.mutant = Mutant::sends_before_sync}, 1);
  BOOST_TEST(broken.contains("nothing is sent before it is durable"));
}

BOOST_AUTO_TEST_CASE(a_forgotten_log_is_found) {
  const auto broken = broken_by({.scenario = Scenario::crash, .mutant = Mutant::forgets_log}, 4);
  BOOST_TEST(broken.contains("an honest validator has one vertex a round"));
}

BOOST_AUTO_TEST_CASE(a_wrong_result_is_found) {
  const auto broken = broken_by({.mutant = Mutant::wrong_result}, 4);
  BOOST_TEST(broken.contains("validators reach the same state"));
}

BOOST_AUTO_TEST_CASE(a_commit_lost_in_a_crash_is_found) {
  const auto broken = broken_by({.scenario = Scenario::crash, .mutant = Mutant::skips_commit}, 4);
  BOOST_TEST(broken.contains("validators reach the same state"));
}

BOOST_AUTO_TEST_CASE(stale_reads_are_found_from_outside) {
  const auto broken = broken_by({.mutant = Mutant::stale_reads}, 4);
  BOOST_TEST(broken.contains("client histories are linearizable"));
}

BOOST_AUTO_TEST_CASE(a_state_that_only_liars_vouch_for_is_found) {
  // They must meet one who was away: that is seldom.
  const auto broken = broken_by({.scenario = Scenario::catch_up, .mutant = Mutant::believes_one}, 48, 46);
  BOOST_TEST(broken.contains("validators reach the same state"));
  BOOST_TEST(broken.contains("validators commit the same"));
}

BOOST_AUTO_TEST_CASE(a_group_that_stands_still_is_found) {
  const auto broken = broken_by({.scenario = Scenario::crash, .mutant = Mutant::answers_no_fetch}, 4);
  BOOST_TEST(broken.contains("commits go on"));
}

BOOST_AUTO_TEST_SUITE_END()
