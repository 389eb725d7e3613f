// `myelin cluster`: what it makes, keeps apart, finds again, and deletes.
#include <signal.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "comes_true.hpp"
#include "myelin/base/result.hpp"
#include "tool_cluster.hpp"

using namespace myelin::test;
using nlohmann::json;

namespace {

namespace fs = std::filesystem;

/// The program, started; its stderr too is kept.
class Started {
 public:
  explicit Started(const std::vector<std::string>& words) : program_{words, err_.write_end()} { err_.start(); }
  Outcome wait() {
    Outcome outcome = program_.wait();
    outcome.err = err_.finish();
    return outcome;
  }

 private:
  Drain err_;
  Program program_;
};

/// Ends a cluster however the test does.
class Down {
 public:
  explicit Down(std::string folder) : folder_{std::move(folder)} {}
  Down(const Down&) = delete;
  Down& operator=(const Down&) = delete;
  ~Down() { static_cast<void>(run({"cluster", "down", "--dir", folder_})); }

 private:
  std::string folder_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(local_cluster)

BOOST_AUTO_TEST_CASE(never_makes_itself_among_files_that_are_somebodys_own) {
  const TemporaryDirectory folder;
  folder.write("main.cpp", "int main() {}\n");
  const std::string path = folder.path().string();
  const Outcome refused = run({"cluster", "up", "--nodes", "1", "--dir", path});
  BOOST_TEST(refused.status == 1);
  BOOST_TEST(mentions(refused, "'main.cpp' is in it"), refused.err);
  BOOST_TEST(mentions(refused, "--dir"), refused.err);
  BOOST_TEST(run({"cluster", "down", "--delete", "--dir", path}).status == 1);
  BOOST_TEST(std::distance(fs::directory_iterator{folder.path()}, {}) == 1);  // nothing was made, or deleted
}

// What is called as the cluster's own is no more its own for that.
BOOST_AUTO_TEST_CASE(leaves_a_lock_a_node_and_links_that_are_somebodys_own) {
  const TemporaryDirectory folder;
  const std::string kept = folder.write("kept", "mine").string();
  fs::create_directory(folder.path() / "a");
  std::ofstream{folder.path() / "a" / "lock"} << "mine";
  fs::create_directory(folder.path() / "b");
  fs::create_symlink(kept, folder.path() / "b" / "lock");
  for (const char* name : {"a", "b"}) {
    BOOST_TEST(run({"cluster", "up", "--nodes", "1", "--dir", (folder.path() / name).string()}).status == 1);
    BOOST_TEST(!fs::exists(folder.path() / name / "cluster.json"));
  }
  BOOST_TEST(content_of(folder.path() / "a" / "lock") == "mine");
  BOOST_TEST(content_of(kept) == "mine");
  ToolCluster cluster{"1"};
  const fs::path own = fs::path{cluster.path()} / "node2";
  fs::create_directory(own);
  std::ofstream{own / "node.toml"} << "mine";
  const Outcome refused = cluster.tool({"cluster", "up", "--nodes", "2"});
  BOOST_TEST(refused.status == 1);
  BOOST_TEST(mentions(refused, "move it away"), refused.err);
  static_cast<void>(cluster.must({"cluster", "down", "--delete"}));
  BOOST_TEST(content_of(own / "node.toml") == "mine");
}

BOOST_AUTO_TEST_CASE(deletes_what_it_has_made_and_nothing_else) {
  ToolCluster cluster{"1"};
  std::ofstream{fs::path{cluster.path()} / "notes.txt"} << "mine";
  fs::create_directory(fs::path{cluster.path()} / "src");
  const json down = cluster.must({"cluster", "down", "--delete"});
  BOOST_TEST(down["ended"] == 1);
  BOOST_TEST((down["left"] == json{"notes.txt", "src"}), down["left"].dump());
  BOOST_TEST(content_of(fs::path{cluster.path()} / "notes.txt") == "mine");
  BOOST_TEST(std::distance(fs::directory_iterator{cluster.path()}, {}) == 2);
}

BOOST_AUTO_TEST_CASE(a_list_that_leads_out_of_the_folder_is_not_followed) {
  const TemporaryDirectory folder;
  fs::create_directories(folder.path() / "cluster");
  folder.write("precious", "mine");
  const std::string path = (folder.path() / "cluster").string();
  for (const char* list : {R"({"cluster": "myelin", "nodes": [{"name": ".."}]})",
                           R"({"cluster": "myelin", "nodes": [], "files": ["../precious"]})"}) {
    std::ofstream{folder.path() / "cluster" / "cluster.json"} << list;
    BOOST_TEST(run({"cluster", "down", "--delete", "--dir", path}).status == 1, list);
  }
  BOOST_TEST(content_of(folder.path() / "precious") == "mine");
}

BOOST_AUTO_TEST_CASE(two_that_start_it_at_once_start_each_node_once) {
  const TemporaryDirectory folder;
  const std::string path = (folder.path() / "cluster").string();
  const Down down{path};
  std::vector<Outcome> outcomes;
  {
    const std::vector<std::string> words{"cluster", "up", "--nodes", "2", "--json", "--dir", path};
    Started one{words};
    Started other{words};
    outcomes.push_back(one.wait());
    outcomes.push_back(other.wait());
  }
  std::vector<json> nodes;
  for (const Outcome& outcome : outcomes) {
    BOOST_REQUIRE_MESSAGE(outcome.status == 0, outcome.err);
    nodes.push_back(json::parse(outcome.out)["nodes"]);
  }
  BOOST_TEST((nodes[0] == nodes[1]), nodes[0].dump() + nodes[1].dump());
  for (const json& node : nodes[0]) BOOST_TEST(runs(node["process"].get<pid_t>()));
}

BOOST_AUTO_TEST_CASE(is_found_again_after_its_folder_was_moved) {
  ToolCluster cluster{"2"};
  cluster.move();
  const json status = cluster.must({"cluster", "status"});
  for (std::size_t i = 0; i < 2; ++i) {
    BOOST_TEST(status["nodes"][i]["running"].get<bool>());
    BOOST_TEST(status["nodes"][i]["answers"].get<bool>());
    BOOST_TEST(status["nodes"][i]["process"] == cluster.process(i));
  }
  // A node that is started again is, too.
  ::kill(cluster.process(1), SIGKILL);
  BOOST_REQUIRE(comes_true([&] { return !runs(cluster.process(1)); }));
  const json again = cluster.must({"cluster", "up"});
  BOOST_TEST(again["nodes"][0]["process"] == cluster.process(0));
  cluster.wait_whole(2);
  BOOST_TEST(cluster.must({"cluster", "down", "--delete"})["ended"] == 2);
  BOOST_TEST(!runs(cluster.process(0)));
  BOOST_TEST(!fs::exists(cluster.path()));
}

BOOST_AUTO_TEST_CASE(without_a_number_those_that_are_there_are_started) {
  const ToolCluster cluster{"2"};
  BOOST_TEST(cluster.must({"cluster", "down"})["ended"] == 2);
  const Outcome none = cluster.tool({"status"});
  BOOST_TEST(mentions(none, "no node of the cluster in"), none.err);
  BOOST_TEST(cluster.must({"cluster", "up"})["nodes"].size() == 2U);
  BOOST_TEST(cluster.must({"cluster", "up", "--nodes", "3"})["nodes"].size() == 3U);
}

BOOST_AUTO_TEST_CASE(plugins_are_tried_before_anything_is_made) {
  const TemporaryDirectory folder;
  const std::string path = (folder.path() / "cluster").string();
  const Outcome wrong = run({"cluster", "up", "--nodes", "1", "--dir", path, "--plugins", "/nowhere/greeter.so"});
  BOOST_TEST(wrong.status == 1);
  BOOST_TEST(mentions(wrong, "/nowhere/greeter.so"), wrong.err);
  BOOST_TEST(!fs::exists(path));
}

BOOST_AUTO_TEST_CASE(nodes_that_keep_their_plugins_are_named) {
  const TemporaryDirectory folder;
  const std::string path = (folder.path() / "cluster").string();
  const Down down{path};
  BOOST_REQUIRE(run({"cluster", "up", "--nodes", "1", "--dir", path}).status == 0);
  const Outcome again = run({"cluster", "up", "--nodes", "2", "--dir", path, "--plugins", MYELIN_PLUGIN});
  BOOST_TEST(again.status == 0);
  BOOST_TEST(mentions(again, "node1 is without '" MYELIN_PLUGIN "'"), again.err);
  BOOST_TEST(!mentions(again, "node2 "), again.err);
}

BOOST_AUTO_TEST_CASE(why_a_node_did_not_start_is_said_once_and_as_what_it_is) {
  const TemporaryDirectory folder;
  const std::string path = (folder.path() / "cluster").string();
  const Down down{path};
  BOOST_REQUIRE(run({"cluster", "up", "--nodes", "1", "--dir", path}).status == 0);
  BOOST_REQUIRE(run({"cluster", "down", "--dir", path}).status == 0);
  const fs::path file = fs::path{path} / "node1" / "node.toml";
  std::string text = content_of(file);
  const std::string none = "files = []";
  BOOST_REQUIRE(text.find(none) != std::string::npos);
  text.replace(text.find(none), none.size(), "files = ['/nowhere/greeter.so']");
  std::ofstream{file} << text;
  const Outcome bad = run({"cluster", "up", "--dir", path, "--json"});
  BOOST_TEST(bad.status == 1);
  BOOST_TEST(bad.err.starts_with("myelin: node 'node1' ended before it was ready: "), bad.err);
  BOOST_TEST(bad.err.find("myelin: ", 1) == std::string::npos, bad.err);
  BOOST_TEST(bad.err_lines() == 1);
  const json error = json::parse(bad.out)["error"];
  BOOST_TEST(error["name"] == "not_found", error.dump());
  // The folder is there, and is said to be.
  const Outcome asked = run({"status", "--dir", path});
  BOOST_TEST(mentions(asked, "no node of the cluster in"), asked.err);
}

BOOST_AUTO_TEST_CASE(a_node_that_hangs_is_told_from_one_that_is_well) {
  const ToolCluster cluster{"2"};
  BOOST_REQUIRE(::kill(cluster.process(1), SIGSTOP) == 0);
  const json hung = cluster.must({"cluster", "status"})["nodes"][1];
  BOOST_TEST(hung["running"].get<bool>());
  BOOST_TEST(!hung["answers"].get<bool>());
  const std::string process = std::to_string(cluster.process(1));
  const Outcome shown = cluster.tool({"cluster", "status"});
  BOOST_TEST(shown.out.find("does not answer") != std::string::npos, shown.out);
  BOOST_TEST(shown.out.find(process) != std::string::npos, shown.out);
  const Outcome up = cluster.tool({"cluster", "up"});
  BOOST_TEST(up.status == 1);
  BOOST_TEST(mentions(up, "node2 (process " + process + ") runs, but does not answer"), up.err);
  BOOST_REQUIRE(::kill(cluster.process(1), SIGCONT) == 0);
  BOOST_REQUIRE(comes_true([&] { return cluster.tool({"cluster", "up"}).status == 0; }));
}

BOOST_AUTO_TEST_CASE(nodes_whose_starter_was_killed_are_found) {
  const ToolCluster cluster{"2"};
  // As it is where 'up' was killed before it had written down what it started.
  std::ofstream{fs::path{cluster.path()} / "cluster.json"}
      << R"({"cluster": "myelin", "nodes": [{"name": "node1"}, {"name": "node2", "process": 1}]})";
  const json status = cluster.must({"cluster", "status"});
  for (std::size_t i = 0; i < 2; ++i) {
    BOOST_TEST(status["nodes"][i]["answers"].get<bool>());
    BOOST_TEST(status["nodes"][i]["process"] == cluster.process(i));
  }
  BOOST_TEST(cluster.must({"cluster", "down"})["ended"] == 2);
}

BOOST_AUTO_TEST_CASE(processes_have_the_programs_name) {
  const ToolCluster cluster{"1"};
  BOOST_TEST(content_of("/proc/" + std::to_string(cluster.process(0)) + "/comm") ==
             fs::path{MYELIN_BINARY}.filename().string() + "\n");
}

BOOST_AUTO_TEST_SUITE_END()
