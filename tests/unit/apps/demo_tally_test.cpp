#include <boost/test/unit_test.hpp>

#include "demos/digits/claims.hpp"
#include "demos/digits/tally.hpp"

using myelin::Errc;
using myelin::digits::Claim;
using myelin::digits::count_correct;
using myelin::digits::Tally;
using myelin::digits::Verdict;
using namespace std::chrono_literals;

namespace {

Tally tally_of(std::uint64_t answered, std::uint64_t timed_out, myelin::Duration elapsed) {
  Tally tally;
  tally.requests = answered + timed_out;
  if (timed_out > 0) tally.failed[Errc::timeout] = timed_out;
  for (std::uint64_t i = 0; i < answered; ++i) tally.latencies.add(1000);
  tally.verdicts = {{.image = 0, .digit = 7, .confidence = 0.9F}};
  tally.elapsed = elapsed;
  return tally;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(demo_tally)

BOOST_AUTO_TEST_CASE(rounds_add_up_but_verdicts_count_once) {
  Tally sum = tally_of(90, 10, 1s);
  sum.add_round(tally_of(100, 0, 1s));
  BOOST_TEST(sum.requests == 200U);
  BOOST_TEST(sum.answered() == 190U);
  BOOST_TEST(sum.failures() == 10U);
  BOOST_TEST(sum.success_rate() == 0.95);
  BOOST_TEST(sum.requests_a_second() == 95.0);
  BOOST_TEST(sum.verdicts.size() == 1U);
}

BOOST_AUTO_TEST_CASE(nothing_asked_is_no_failure_and_no_speed) {
  BOOST_TEST(Tally{}.success_rate() == 1.0);
  BOOST_TEST(Tally{}.requests_a_second() == 0.0);
}

BOOST_AUTO_TEST_CASE(an_image_without_a_verdict_is_not_correct) {
  const std::vector<std::uint8_t> labels{7, 1, 2};
  const std::vector<Verdict> verdicts{{0, 7, 0.9F}, {2, 3, 0.4F}};
  BOOST_TEST(count_correct(verdicts, labels) == 1U);
}

BOOST_AUTO_TEST_CASE(a_ratio_says_how_many_times_better_than_claimed) {
  Claim claim;
  claim.claimed_value = 80;
  claim.measured_value = 20;
  BOOST_TEST(claim.ratio() == 4.0);
  claim.measured_value = 160;
  BOOST_TEST(claim.ratio() == 0.5);
  claim.less_is_better = false;
  BOOST_TEST(claim.ratio() == 2.0);
  claim.measured_value = 0;
  BOOST_TEST(claim.ratio() == 0.0);
}

BOOST_AUTO_TEST_SUITE_END()
