// Fixed seeds of every scenario: whole groups with faults, and no promise broken.
#include <boost/test/unit_test.hpp>

#include "cluster/simulation.hpp"

using myelin::sim::run_seed;
using myelin::sim::RunOptions;
using myelin::sim::RunReport;
using myelin::sim::Scenario;
using myelin::sim::Tally;

namespace {

Tally run_all(const RunOptions& options, std::uint64_t first, std::uint64_t last) {
  Tally tally;
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    const RunReport report = run_seed(seed, options);
    BOOST_TEST(
        !report.violation,
        "seed " << seed << ": "
                << (report.violation ? report.violation->invariant + ": " + report.violation->what : std::string{}));
    tally.add(report.tally);
  }
  return tally;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(seeds)

BOOST_AUTO_TEST_CASE(a_seed_gives_the_same_run_every_time) {
  for (const Scenario scenario : {Scenario::standard, Scenario::byzantine, Scenario::disk, Scenario::epoch}) {
    for (std::uint64_t seed = 100; seed < 104; ++seed) {
      const RunReport first = run_seed(seed, {.scenario = scenario});
      const RunReport second = run_seed(seed, {.scenario = scenario, .timeline_lines = 100});
      BOOST_TEST(first.fingerprint == second.fingerprint);
      BOOST_TEST((first.ended == second.ended));
      BOOST_TEST(first.timeline.empty());
      BOOST_TEST(!second.timeline.empty());
    }
  }
}

BOOST_AUTO_TEST_CASE(the_standard_mix_breaks_no_promise) {
  const Tally tally = run_all({}, 1, 60);
  BOOST_TEST(tally.commits > 10'000U);
  BOOST_TEST(tally.crashes > 0U);
  BOOST_TEST(tally.attacks > 0U);
  BOOST_TEST(tally.partitions > 0U);
  BOOST_TEST(tally.replays > 0U);
  BOOST_TEST(tally.unchecked_histories == 0U);
}

BOOST_AUTO_TEST_CASE(a_calm_group_answers_everything) {
  const Tally tally = run_all({.scenario = Scenario::calm}, 1, 15);
  BOOST_TEST(tally.lost == 0U);
  BOOST_TEST(tally.crashes == 0U);
}

BOOST_AUTO_TEST_CASE(liars_break_no_promise) {
  const Tally tally = run_all({.scenario = Scenario::byzantine}, 1, 40);
  BOOST_TEST(tally.attacks > 1'000U);
  BOOST_TEST(tally.accusations > 100U);
}

BOOST_AUTO_TEST_CASE(disks_break_no_promise) {
  const Tally tally = run_all({.scenario = Scenario::disk}, 1, 40);
  BOOST_TEST(tally.torn_logs > 0U);
  BOOST_TEST(tally.refused_logs > 0U);
  BOOST_TEST(tally.full_disks > 0U);
  BOOST_TEST(tally.failed_syncs > 0U);
}

BOOST_AUTO_TEST_CASE(crashes_break_no_promise) {
  const Tally tally = run_all({.scenario = Scenario::crash}, 1, 40);
  BOOST_TEST(tally.crashes > 100U);
  BOOST_TEST(tally.checkpoints > 0U);
}

BOOST_AUTO_TEST_CASE(partitions_break_no_promise) {
  const Tally tally = run_all({.scenario = Scenario::partition}, 1, 30);
  BOOST_TEST(tally.partitions > 0U);
  BOOST_TEST(tally.indirect > 0U);
}

BOOST_AUTO_TEST_CASE(new_committees_break_no_promise) {
  const Tally tally = run_all({.scenario = Scenario::epoch}, 1, 30);
  BOOST_TEST(tally.epochs > 20U);
}

BOOST_AUTO_TEST_CASE(absentees_catch_up) {
  const Tally tally = run_all({.scenario = Scenario::catch_up}, 1, 40);
  BOOST_TEST(tally.snapshots > 0U);
}

BOOST_AUTO_TEST_CASE(real_signatures_change_nothing) { (void)run_all({.real_signatures = true}, 1, 3); }

BOOST_AUTO_TEST_SUITE_END()
