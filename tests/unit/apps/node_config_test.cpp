#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <set>
#include <string>

#include "node/config_file.hpp"
#include "node/config_keys.hpp"
#include "temporary_directory.hpp"

using namespace myelin;
using namespace myelin::tool;

namespace {

ReadConfig read(const test::TemporaryDirectory& folder, std::string_view text, const Environment* environment = nullptr,
                std::map<std::string, std::string> flags = {}) {
  const auto file = folder.write("node.toml", text);
  auto done = read_config({.file = file, .environment = environment, .flags = std::move(flags)});
  BOOST_REQUIRE(done.has_value());
  return *std::move(done);
}

/// What is wrong with it, a line each, with "FILE" for its name.
std::string problems(std::string_view text) {
  const test::TemporaryDirectory folder;
  std::string all;
  for (const ConfigProblem& problem : read(folder, text).problems) {
    std::string line = problem.text();
    const std::string name = (folder.path() / "node.toml").string();
    if (const auto at = line.find(name); at != std::string::npos) line.replace(at, name.size(), "FILE");
    all += line + '\n';
  }
  return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(node_config)

BOOST_AUTO_TEST_CASE(what_is_said_later_counts) {
  const test::TemporaryDirectory folder;
  constexpr std::string_view kText = "[node]\nname = 'file'\ncluster = 'file'\nlisten = '127.0.0.1:1'\n";
  const Environment environment{{{"MYELIN_NODE_CLUSTER", "environment"},
                                 {"MYELIN_NODE_LISTEN", "127.0.0.1:2"},
                                 {"MYELIN_MESH_WORKERS", "3"},
                                 {"MYELIN_NODE_SEEDS", "a:1,b:2"},
                                 {"MYELIN_NODE_INSECURE", "true"}}};
  const auto done = read(folder, kText, &environment, {{"--listen", "127.0.0.1:3"}});
  BOOST_TEST(done.problems.empty());
  BOOST_TEST(done.config.name == "file");
  BOOST_TEST(done.config.cluster == "environment");
  BOOST_TEST(done.config.listen == "127.0.0.1:3");
  BOOST_TEST(done.config.workers == 3U);
  BOOST_TEST(done.config.insecure);
  BOOST_TEST(done.config.seeds == (std::vector<std::string>{"a:1", "b:2"}), boost::test_tools::per_element());
  BOOST_TEST(done.config.stop_deadline == NodeConfig{}.stop_deadline);
}

BOOST_AUTO_TEST_CASE(a_variable_that_is_unknown_is_a_mistake) {
  const test::TemporaryDirectory folder;
  const Environment environment{{{"MYELIN_NODE_LISTN", "oops"},
                                 {"MYELIN_MESH_ZZZZZZZZZZ", "1"},
                                 {"MYELIN_NODE_NAM", ""},                    // empty is unset
                                 {"MYELIN_NODE_SERVICE_HOST", "10.0.0.1"},   // Kubernetes' own
                                 {"MYELIN_NODE_PORT", "tcp://10.0.0.1:80"},  // likewise
                                 {"MYELIN_PRESET", "release"},               // no section's
                                 {"MYELIN_NODE_NAME", "north"}}};
  const auto done = read(folder, "", &environment);
  BOOST_REQUIRE(done.problems.size() == 2U);
  BOOST_TEST(done.problems[0].text() ==
             "MYELIN_MESH_ZZZZZZZZZZ: unknown variable; 'myelin config show' names those that there are");
  BOOST_TEST(done.problems[1].text() == "MYELIN_NODE_LISTN: unknown variable; did you mean 'MYELIN_NODE_LISTEN'?");
}

BOOST_AUTO_TEST_CASE(a_file_of_a_demo_is_told_from_a_nodes) {
  BOOST_TEST(problems("[demo.digits]\nagents = 1\n\n[mesh]\nworkers = 0\n") ==
             "'FILE', line 1: 'demo' is for 'myelin demo digits --config FILE': this is no file for a node\n");
}

BOOST_AUTO_TEST_CASE(agents_are_tables_of_their_own) {
  const test::TemporaryDirectory folder;
  const auto done = read(folder, R"(
[[agent]]
type = "greeter"
settings = { greeting = "Ciao", times = 2, nested = { list = [1, 2.5, true] } }
[[agent]]
type = "worker"
name = "w"
count = 2
restart = "never"
)");
  BOOST_TEST(done.problems.empty());
  BOOST_REQUIRE(done.config.agents.size() == 2U);
  BOOST_TEST(done.config.agents[0].names() == std::vector<std::string>{"greeter"}, boost::test_tools::per_element());
  std::string json = done.config.agents[0].settings;
  std::erase_if(json, [](char letter) { return letter == ' ' || letter == '\n'; });
  BOOST_TEST(json == R"({"greeting":"Ciao","nested":{"list":[1,2.5,true]},"times":2})");
  BOOST_TEST(done.config.agents[1].names() == (std::vector<std::string>{"w-1", "w-2"}),
             boost::test_tools::per_element());
  BOOST_TEST(done.config.agents[1].restart == "never");
}

BOOST_AUTO_TEST_CASE(all_mistakes_are_told_each_with_its_line) {
  BOOST_TEST(problems(R"(lisen = 3
name = "x"
[node]
nam = "x"
listen = "nowhere"
stop-deadline = 0
seeds = "a"
tags = ["gpu", 1]
log-level = "loud"
insecure = "yes"
[mash]
[[agent]]
name = "q"
[[agent]]
type = "g"
cuont = 4
count = 0
singleton = 1
lease = 0
restart = "sometimes"
settings = 3
[[agent]]
type = "g"
)") == "'FILE', line 1: unknown key 'lisen'; did you mean 'listen' in [node]?\n"
       "'FILE', line 2: unknown key 'name'; it belongs in [node]\n"
       "'FILE', line 4: unknown key 'nam' in [node]; did you mean 'name'?\n"
       "'FILE', line 5: 'nowhere' is not HOST:PORT\n"
       "'FILE', line 6: stop-deadline = 0: expected a whole number from 1 to 3600\n"
       "'FILE', line 7: seeds = 'a': expected a list of texts, in brackets\n"
       "'FILE', line 8: tags: 1 is no text in quotes\n"
       "'FILE', line 9: log-level = 'loud': expected one of: debug info warn error\n"
       "'FILE', line 10: insecure = 'yes': expected true or false\n"
       "'FILE', line 11: unknown section 'mash'; did you mean 'mesh'?\n"
       "'FILE', line 12: [[agent]] without a type: say which agents to start\n"
       "'FILE', line 16: unknown key 'cuont' in [[agent]]; did you mean 'count'?\n"
       "'FILE', line 17: count = 0: expected a whole number from 1 to 10000\n"
       "'FILE', line 18: singleton = 1: expected true or false\n"
       "'FILE', line 19: lease = 0: expected a whole number of seconds from 1 to 86400\n"
       "'FILE', line 20: restart = 'sometimes': expected one of: on-failure always never\n"
       "'FILE', line 21: settings = 3: expected a table: settings = { key = value }\n"
       "'FILE', line 22: two agents are called 'g', the first in line 14: give one another name, or one [[agent]] a "
       "count\n");
}

BOOST_AUTO_TEST_CASE(keys_that_contradict_each_other_are_mistakes) {
  BOOST_TEST(problems("[node]\ninsecure = true\n[tls]\ncerts = 'c'\n") ==
             "'FILE', line 2: with [tls] certs there is TLS: leave one of them out\n");
  BOOST_TEST(problems("[memory]\nvalidator = 'v'\n").find("needs the committee's file") != std::string::npos);
  BOOST_TEST(problems("[memory]\nembedded = 'e'\ncommittee = 'c'\n").find("leave one of them out") !=
             std::string::npos);
  BOOST_TEST(problems("[[agent]]\ntype = 'g'\nsingleton = true\n").find("takes a shared memory") != std::string::npos);
  BOOST_TEST(problems("[memory]\ncommittee = 'c'\n[[agent]]\ntype = 'g'\nsingleton = true\n").empty());
  BOOST_TEST(problems("[node]\nname = 'a b'\n").starts_with("'FILE', line 2: "));
  BOOST_TEST(problems("[node]\nlog = '../x'\n").starts_with("'FILE', line 2: "));
  BOOST_TEST(problems("node = 3\n") == "'FILE', line 1: 'node' is a section: write [node], and its keys below\n");
  BOOST_TEST(problems("[agent]\ntype = 'x'\n").find("with two brackets") != std::string::npos);
  BOOST_TEST(problems("[node\n").starts_with("'FILE', line 1: "));
}

BOOST_AUTO_TEST_CASE(a_mistake_elsewhere_says_where) {
  const test::TemporaryDirectory folder;
  const Environment environment{{{"MYELIN_MESH_WORKERS", "many"}, {"MYELIN_NODE_LISTEN", "x"}}};
  const auto done = read(folder, "", &environment, {{"--stop-deadline", "-1"}, {"--cluster", "a b"}});
  std::set<std::string> places;
  for (const ConfigProblem& problem : done.problems) places.insert(problem.where);
  BOOST_TEST(
      places == (std::set<std::string>{"MYELIN_MESH_WORKERS", "MYELIN_NODE_LISTEN", "--stop-deadline", "--cluster"}),
      boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(paths_are_meant_from_where_the_file_is) {
  const test::TemporaryDirectory folder;
  const auto done =
      read(folder, "[node]\ndata = 'd'\n[plugins]\nfiles = ['p.so', '/q.so']\n", nullptr, {{"--certs", "here"}});
  BOOST_TEST(done.config.data == (folder.path() / "d").string());
  BOOST_TEST(done.config.plugins[0] == (folder.path() / "p.so").string());
  BOOST_TEST(done.config.plugins[1] == "/q.so");
  BOOST_TEST(done.config.certs == "here");
}

BOOST_AUTO_TEST_CASE(what_is_shown_can_be_read_and_is_the_same) {
  const test::TemporaryDirectory folder;
  const auto defaults = read(folder, show_config({}));
  BOOST_TEST(defaults.problems.empty());
  for (const ConfigKey& key : all_keys()) {
    if (key.is_path) continue;  // they become absolute
    BOOST_TEST(toml_value(defaults.config, key) == toml_value({}, key));
  }
  NodeConfig config;
  config.name = "a\"b\\c\n";
  config.seeds = {"x:1", "y:2"};
  config.workers = 7;
  config.agents = {{.type = "t",
                    .name = "n",
                    .count = 3,
                    .settings_toml = "settings = { a = 'b' }",
                    .restart = "always",
                    .singleton = true,
                    .lease = 7}};
  const auto again = read(folder, show_config(config));
  BOOST_TEST(again.config.name == config.name);
  BOOST_TEST(again.config.seeds == config.seeds, boost::test_tools::per_element());
  BOOST_TEST(again.config.workers == 7U);
  BOOST_REQUIRE(again.config.agents.size() == 1U);
  BOOST_TEST(again.config.agents[0].names().size() == 3U);
  BOOST_TEST(again.config.agents[0].settings.find("\"b\"") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(each_key_has_a_flag_and_a_variable_of_its_own_and_an_explanation) {
  std::set<std::string> flags;
  std::set<std::string> variables;
  for (const ConfigKey& key : all_keys()) {
    BOOST_TEST(flags.insert(key.flag()).second);
    BOOST_TEST(variables.insert(key.variable()).second);
    BOOST_TEST(!key.help.empty());
  }
}

BOOST_AUTO_TEST_CASE(the_configurations_that_come_with_it_are_well) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator{MYELIN_CONFIGS}) {
    if (entry.path().extension() != ".toml" || entry.path().filename() == "demo_digits.toml") continue;
    if (entry.path().filename().string().starts_with("committee")) continue;
    ++count;
    const auto done = read_config({.file = entry.path()});
    BOOST_REQUIRE(done.has_value());
    for (const ConfigProblem& problem : done->problems) BOOST_ERROR(problem.text());
  }
  BOOST_TEST(count >= 11U);
}

BOOST_AUTO_TEST_SUITE_END()
