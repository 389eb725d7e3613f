// Runs `myelin demo cluster` as a user would, on data of the test's own.
#include <signal.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "../program.hpp"
#include "comes_true.hpp"
#include "synthetic_digits.hpp"
#include "temporary_directory.hpp"

using myelin::test::comes_true;
using myelin::test::Outcome;
using myelin::test::TemporaryDirectory;
using nlohmann::json;

namespace {

namespace fs = std::filesystem;

/// Of the nodes that answer, of the cluster that the demo has made in the folder.
std::vector<pid_t> processes_of(const fs::path& place) {
  std::vector<pid_t> processes;
  for (const fs::directory_entry& made : fs::directory_iterator{place}) {
    const Outcome status = myelin::test::run({"cluster", "status", "--json", "--dir", made.path().string()});
    if (status.status != 0) continue;
    const json document = json::parse(status.out);
    for (const json& node : document["nodes"]) {
      if (node["answers"].get<bool>()) processes.push_back(node["process"].get<pid_t>());
    }
  }
  return processes;
}

}  // namespace

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

BOOST_AUTO_TEST_CASE(nothing_is_left_of_it_however_it_ends) {
  for (const int signal : {SIGKILL, SIGHUP}) {
    const TemporaryDirectory directory;
    const std::string data = directory.write("digits.csv", myelin::test::synthetic_digits_csv(200)).string();
    const fs::path place = directory.path() / "tmp";
    fs::create_directory(place);
    myelin::test::Drain err;
    myelin::test::Program demo{{"demo", "cluster", "--nodes", "2", "--agents", "4", "--seconds", "600", "--data", data},
                               err.write_end(),
                               {"TMPDIR=" + place.string()}};
    err.start();
    std::vector<pid_t> nodes;
    BOOST_TEST(comes_true([&] {
      nodes = processes_of(place);
      return nodes.size() == 2;
    }));
    demo.signal(signal);
    const Outcome outcome = demo.wait();
    BOOST_TEST(outcome.status == (signal == SIGKILL ? 1000 + SIGKILL : 130));
    static_cast<void>(err.finish());
    BOOST_TEST(comes_true([&] { return processes_of(place).empty(); }));
    BOOST_TEST(comes_true([&] { return fs::is_empty(place); }));
  }
}

BOOST_AUTO_TEST_SUITE_END()
