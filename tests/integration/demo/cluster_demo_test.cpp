// Runs `myelin demo cluster` as a user would, on data of the test's own.
#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "../program.hpp"
#include "synthetic_digits.hpp"
#include "temporary_directory.hpp"

using myelin::test::Outcome;
using nlohmann::json;

BOOST_AUTO_TEST_SUITE(demo_cluster)

BOOST_AUTO_TEST_CASE(a_node_dies_and_every_request_is_answered_once) {
  const myelin::test::TemporaryDirectory directory;
  const std::string data = directory.write("digits.csv", myelin::test::synthetic_digits_csv(200)).string();
  const Outcome outcome = myelin::test::run(
      {"demo", "cluster", "--nodes", "3", "--agents", "12", "--seconds", "2", "--data", data, "--json", "--quiet"});
  BOOST_REQUIRE_MESSAGE(outcome.status == 0, outcome.err);
  const json found = json::parse(outcome.out);
  BOOST_TEST(found["requests"]["asked"].get<int>() > 0);
  BOOST_TEST(found["requests"]["answered"] == found["requests"]["asked"]);
  BOOST_TEST(found["requests"]["twice"] == 0);
  BOOST_TEST(found["requests"]["lost"] == 0);
  BOOST_TEST(found["nodes"].size() == 3U);
  BOOST_TEST(found["crash"]["node"] == "node2");
  BOOST_TEST(found["crash"]["seen_down_ns"].is_number());
  BOOST_TEST(found["crash"]["seen_up_ns"].is_number());
}

BOOST_AUTO_TEST_CASE(missing_digits_are_named_before_any_node_is_started) {
  const Outcome outcome = myelin::test::run({"demo", "cluster", "--data", "/nowhere/digits.csv.gz"});
  BOOST_TEST(outcome.status == 1);
  BOOST_TEST(outcome.err.find("/nowhere/digits.csv.gz") != std::string::npos, outcome.err);
}

BOOST_AUTO_TEST_SUITE_END()
