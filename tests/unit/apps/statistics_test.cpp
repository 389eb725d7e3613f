#include "bench/statistics.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

using namespace myelin::tool;

BOOST_AUTO_TEST_SUITE(statistics)

BOOST_AUTO_TEST_CASE(median_is_the_middle_or_the_mean_of_the_two_middles) {
  BOOST_TEST(median({3}) == 3.0);
  BOOST_TEST(median({9, 1, 5}) == 5.0);
  BOOST_TEST(median({4, 1, 3, 2}) == 2.5);
}

BOOST_AUTO_TEST_CASE(summary_holds_median_and_range) {
  const Summary summary = summarise(std::vector<double>{4, 2, 3});
  BOOST_TEST(summary.median == 3.0);
  BOOST_TEST(summary.min == 2.0);
  BOOST_TEST(summary.max == 4.0);
  BOOST_TEST(summary.spread() == 2.0 / 3.0);
  BOOST_TEST(Summary{}.spread() == 0.0);
}

BOOST_AUTO_TEST_CASE(percentiles_are_measurements_by_nearest_rank) {
  Latencies latencies;
  for (int i = 100; i >= 1; --i) latencies.add(i);
  BOOST_TEST(latencies.percentile(0.50) == 50.0);
  BOOST_TEST(latencies.percentile(0.95) == 95.0);
  BOOST_TEST(latencies.percentile(0.99) == 99.0);
  BOOST_TEST(latencies.percentile(1.0) == 100.0);
}

BOOST_AUTO_TEST_CASE(one_sample_is_every_percentile) {
  Latencies latencies;
  latencies.add(7);
  BOOST_TEST(latencies.percentile(0.01) == 7.0);
  BOOST_TEST(latencies.percentile(0.99) == 7.0);
}

BOOST_AUTO_TEST_CASE(samples_added_after_a_percentile_count) {
  Latencies latencies;
  latencies.add(5);
  BOOST_TEST(latencies.percentile(1.0) == 5.0);
  Latencies others;
  others.add(1);
  others.add(9);
  latencies.add_all(others);
  BOOST_TEST(latencies.size() == 3U);
  BOOST_TEST(latencies.percentile(1.0) == 9.0);
  BOOST_TEST(latencies.percentile(0.1) == 1.0);
}

BOOST_AUTO_TEST_CASE(buckets_grow_by_equal_factors) {
  Latencies latencies;
  for (const double sample : {1.0, 1.5, 20.0, 150.0, 1000.0}) latencies.add(sample);
  const std::vector<double> expected{2, 1, 2};  // 1-10, 10-100, 100-1000
  const std::vector<double> counts = latencies.buckets(3);
  BOOST_TEST(counts == expected, boost::test_tools::per_element());
  BOOST_TEST(Latencies{}.buckets(3).empty());
}

BOOST_AUTO_TEST_CASE(equal_samples_share_the_first_bucket) {
  Latencies latencies;
  latencies.add(3);
  latencies.add(3);
  const std::vector<double> expected{2, 0};
  const std::vector<double> counts = latencies.buckets(2);
  BOOST_TEST(counts == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(json_of_no_samples_has_no_percentiles) {
  Latencies latencies;
  BOOST_TEST(to_json(latencies).dump() == R"({"samples":0})");
  latencies.add(2);
  BOOST_TEST(to_json(latencies)["p99_ns"].get<double>() == 2.0);
}

BOOST_AUTO_TEST_SUITE_END()
