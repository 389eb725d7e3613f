#include "bench/harness.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

using namespace myelin::tool;

namespace {

/// Two variants that write down when they ran.
struct Recorder {
  std::string order;

  std::vector<Variant> variants() {
    return {{"A", [this] { return order += 'A', 1.0; }}, {"B", [this] { return order += 'B', 1.0; }}};
  }
};

Comparison run(const std::vector<Variant>& variants, Rounds rounds, const std::stop_token& stop = {}) {
  Progress silent{Terminal{}, true};
  return compare("case", "ns", variants, rounds, silent, stop);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(harness)

BOOST_AUTO_TEST_CASE(variants_take_turns_and_none_is_always_first) {
  Recorder recorder;
  static_cast<void>(run(recorder.variants(), {.repetitions = 3, .warm_ups = 1}));
  BOOST_TEST(recorder.order == "ABBAABBA");
}

BOOST_AUTO_TEST_CASE(warm_ups_do_not_count) {
  int calls = 0;
  const Comparison comparison =
      run({{"A", [&] { return static_cast<double>(++calls); }}}, {.repetitions = 3, .warm_ups = 2});
  const std::vector<double> expected{3, 4, 5};
  BOOST_TEST(comparison.series.at(0).values == expected, boost::test_tools::per_element());
  BOOST_TEST(comparison.series.at(0).summary.median == 4.0);
  BOOST_TEST(comparison.ratios.empty());
}

BOOST_AUTO_TEST_CASE(ratios_are_taken_within_a_round) {
  // The machine gets slower by half from round to round; the ratio does not move.
  double a = 10;
  double b = 15;
  const Comparison comparison =
      run({{"A", [&] { return a *= 1.5; }}, {"B", [&] { return b *= 1.5; }}}, {.repetitions = 5, .warm_ups = 0});
  BOOST_TEST(comparison.ratios.at(0).min == 1.5, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(comparison.ratios.at(0).max == 1.5, boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(the_median_of_ratios_is_not_the_ratio_of_medians) {
  const std::vector<double> a{1, 10, 100};
  const std::vector<double> b{4, 10, 50};
  std::size_t at_a = 0;
  std::size_t at_b = 0;
  const Comparison comparison = run({{"A", [&] { return a.at(at_a++); }}, {"B", [&] { return b.at(at_b++); }}},
                                    {.repetitions = 3, .warm_ups = 0});
  BOOST_TEST(comparison.ratios.at(0).median == 1.0);
  BOOST_TEST(comparison.ratios.at(0).min == 0.5);
  BOOST_TEST(comparison.ratios.at(0).max == 4.0);
}

BOOST_AUTO_TEST_CASE(cases_measured_together_share_their_rounds) {
  Recorder recorder;
  const std::vector<Variant> variants = recorder.variants();
  Progress silent{Terminal{}, true};
  const std::vector<Comparison> comparisons = compare_together(
      {{"first", "ns", variants}, {"second", "B", {variants[1]}}}, {.repetitions = 2, .warm_ups = 0}, silent, {});
  BOOST_TEST(recorder.order == "ABBBBA");
  BOOST_TEST_REQUIRE(comparisons.size() == 2U);
  BOOST_TEST(comparisons[0].ratios.size() == 1U);
  BOOST_TEST(comparisons[1].name == "second");
  BOOST_TEST(comparisons[1].unit == "B");
  BOOST_TEST(comparisons[1].series.at(0).values.size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_stop_drops_the_round_it_breaks) {
  std::stop_source stop;
  int calls = 0;
  const Comparison comparison = run({{"A", [&] { return 1.0; }},
                                     {"B",
                                      [&] {
                                        if (++calls == 3) stop.request_stop();
                                        return 2.0;
                                      }}},
                                    {.repetitions = 10, .warm_ups = 0}, stop.get_token());
  BOOST_TEST(!comparison.complete);
  BOOST_TEST(comparison.series.at(0).values.size() == 2U);
  BOOST_TEST(comparison.series.at(1).values.size() == 2U);
}

BOOST_AUTO_TEST_CASE(json_of_a_comparison_stopped_at_once_has_no_summary) {
  std::stop_source stop;
  stop.request_stop();
  const nlohmann::json json = run({{"A", [] { return 1.0; }}}, {}, stop.get_token());
  BOOST_TEST(json["complete"].get<bool>() == false);
  BOOST_TEST(json["series"][0]["values"].empty());
  BOOST_TEST(!json["series"][0].contains("summary"));
}

BOOST_AUTO_TEST_SUITE_END()
