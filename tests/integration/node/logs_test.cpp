// `myelin logs`: whose log, which lines of it, and what becomes of it when the node is gone for a while.
#include <signal.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "comes_true.hpp"
#include "tool_cluster.hpp"

using namespace myelin::test;
using nlohmann::json;

namespace {

std::vector<json> documents_of(const std::string& text) {
  std::vector<json> documents;
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) documents.push_back(json::parse(line));
  return documents;
}

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; ++at) ++count;
  return count;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(logs)

BOOST_AUTO_TEST_CASE(says_whose_it_is_and_shows_as_much_as_is_asked_for) {
  const ToolCluster cluster{"2"};
  cluster.wait_whole(2);  // it has several lines by now
  const Outcome all = cluster.tool({"logs", "node2"});
  BOOST_TEST(mentions(all, "==> node 'node2' <=="), all.err);
  const auto lines = std::count(all.out.begin(), all.out.end(), '\n');
  BOOST_REQUIRE(lines >= 2);
  const Outcome one = cluster.tool({"logs", "node2", "-n", "1", "--quiet"});
  BOOST_TEST(one.err.empty(), one.err);
  BOOST_TEST(std::count(one.out.begin(), one.out.end(), '\n') == 1);
  BOOST_TEST(cluster.tool({"logs", "node2", "-n", "0"}).out.empty());
  BOOST_TEST(cluster.tool({"logs", "node2", "--level", "critical"}).out.empty());
  for (const json& line : documents_of(cluster.tool({"logs", "node2", "--json"}).out)) {
    BOOST_TEST(line["node"] == "node2");
    BOOST_TEST(line["level"].get<std::string>() != "");
    BOOST_TEST(line["time"].get<std::string>().starts_with("20"));
    BOOST_TEST(line["text"].get<std::string>().find(line["time"].get<std::string>()) == std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(follows_a_node_that_is_started_anew) {
  const ToolCluster cluster{"2"};
  const TemporaryDirectory folder;
  const auto said = folder.path() / "said";
  const auto lines = folder.path() / "lines";
  // Into files, which can be looked at while it runs.
  Program program{{"-c", "exec " MYELIN_BINARY " logs node2 -f --timeout 1 --dir " + cluster.path() + " > " +
                             lines.string() + " 2> " + said.string()},
                  STDERR_FILENO,
                  {},
                  "/bin/sh"};
  BOOST_TEST(comes_true([&] { return content_of(said).find("==> node 'node2' <==") != std::string::npos; }));
  ::kill(cluster.process(1), SIGKILL);
  BOOST_TEST(comes_true([&] { return content_of(said).find("node 'node2' is gone") != std::string::npos; }));
  static_cast<void>(cluster.must({"cluster", "up"}));
  BOOST_TEST(comes_true([&] { return content_of(said).find("node 'node2' is back") != std::string::npos; }));
  BOOST_TEST(comes_true([&] { return count_of(content_of(lines), "is ready on") == 2; }));
  program.interrupt();
  BOOST_TEST(program.wait().status == 130);
}

BOOST_AUTO_TEST_SUITE_END()
