// The cases of `myelin bench messages` and the bars that their figures are held against.
#include "bench/messages.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "bench/messaging_bars.hpp"

using namespace myelin::tool;

namespace {

Series series(const char* side, std::vector<double> values) {
  const Summary summary = summarise(values);
  return {side, std::move(values), summary};
}

/// Figures that meet the bars, on one worker.
std::vector<Comparison> figures() {
  const std::string built = one_way_name(8, PayloadSource::built, 1);
  const std::string small = one_way_name(64, PayloadSource::passed_on, 1);
  const std::string large = one_way_name(std::size_t{1} << 20, PayloadSource::passed_on, 1);
  return {{built, "ns", {series(kRawCafSide, {100}), series(kFramesSide, {20}), series(kBatchesSide, {5})}, {}},
          {small, "ns", {series(kRawCafSide, {100}), series(kFramesSide, {20})}, {}},
          {large, "ns", {series(kRawCafSide, {100}), series(kFramesSide, {22})}, {}},
          {round_trip_name(1), "ns", {series(kRawCafSide, {600}), series(kFramesSide, {60})}, {}}};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(bench_messages)

BOOST_AUTO_TEST_CASE(every_question_is_put_to_raw_caf_first_and_to_single_frames) {
  for (const std::vector<Case>& group : messaging_cases(messaging_sides(), {.workers = {1}, .quick = true})) {
    for (const Case& question : group) {
      BOOST_TEST_REQUIRE(question.variants.size() >= 2U);
      BOOST_TEST(question.variants[0].name == kRawCafSide);
      BOOST_TEST(question.variants[1].name == kFramesSide);
    }
  }
}

BOOST_AUTO_TEST_CASE(batches_are_left_out_where_they_make_no_sense) {
  std::vector<std::string> without;
  for (const std::vector<Case>& group : messaging_cases(messaging_sides(), {.workers = {1}, .quick = true})) {
    for (const Case& question : group) {
      if (question.variants.size() < 3) without.push_back(question.name);
    }
  }
  const std::vector<std::string> expected{"one-way 1 MiB, 1 worker",
                                          "one-way 64 B, passed on, 1 worker",
                                          "one-way 1 MiB, passed on, 1 worker",
                                          "spawn, lazy",
                                          "spawn, started",
                                          "memory an agent"};
  BOOST_TEST(without == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(bars_are_judged_by_the_median_of_the_ratios) {
  const std::vector<Bar> bars = messaging_bars(figures(), {1});
  const std::vector<double> expected{20, 5, 0.1, 1.1};
  BOOST_TEST_REQUIRE(bars.size() == expected.size());
  for (std::size_t i = 0; i < bars.size(); ++i) {
    BOOST_TEST(bars[i].measured.value().median == expected[i], boost::test_tools::tolerance(1e-9));
    BOOST_TEST(bars[i].met());
  }
}

BOOST_AUTO_TEST_CASE(a_bar_is_missed_on_its_own_side_of_the_limit) {
  BOOST_TEST(!(Bar{"", 10, true, Summary{9.9, 9.9, 9.9}}.met()));
  BOOST_TEST((Bar{"", 10, true, Summary{10, 10, 10}}.met()));
  BOOST_TEST((Bar{"", 1.2, false, Summary{1.2, 1.2, 1.2}}.met()));
  BOOST_TEST(!(Bar{"", 1.2, false, Summary{1.3, 1.3, 1.3}}.met()));
}

BOOST_AUTO_TEST_CASE(a_bar_without_its_figures_is_not_measured_and_neither_met_nor_missed) {
  const std::vector<Bar> bars = messaging_bars(figures(), {1, 2});
  BOOST_TEST_REQUIRE(bars.size() == 8U);
  BOOST_TEST(!bars[4].measured.has_value());
  const nlohmann::json json = bars[4];
  BOOST_TEST(json["measured"].is_null());
  BOOST_TEST(json["met"].is_null());
}

BOOST_AUTO_TEST_SUITE_END()
