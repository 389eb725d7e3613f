// What operators do to validators in processes of their own, by commands: backing up, restoring, changing who
// validates.
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <regex>
#include <string>
#include <vector>

#include "myelin/validator/next_committee.hpp"
#include "processes.hpp"

namespace myelin {

namespace {

using test::Outcome;
using test::Processes;

void require_done(const Outcome& outcome) { BOOST_REQUIRE_MESSAGE(outcome.status == 0, outcome.err); }

void check_refused(const Outcome& outcome, const std::string& what) {
  BOOST_TEST(outcome.status == 1);
  BOOST_TEST(outcome.err.find(what) != std::string::npos, outcome.err);
}

/// The text of a field of a JSON document.
std::string field_of(const std::string& document, const std::string& name) {
  std::smatch found;
  const bool is_there = std::regex_search(document, found, std::regex{"\"" + name + "\": \"?([^\",\n]+)"});
  BOOST_REQUIRE_MESSAGE(is_there, document);
  return found[1].str();
}

std::string new_key(const std::filesystem::path& folder) {
  const Outcome made = test::run({"keys", "new", (folder / "key").string()});
  require_done(made);
  return made.out.substr(0, made.out.size() - 1);
}

bool comes_to(const Processes& processes, std::size_t number, consensus::Epoch epoch) {
  return test::comes_true([&] {
    const auto begun = validator::begun_committee(processes.folder_of(number));
    return begun && begun->epoch == epoch;
  });
}

/// Has the validators of those numbers approve, the last with a wait until it is in the next epoch.
void approve(const Processes& processes, const std::vector<std::size_t>& numbers, const std::string& next) {
  for (const std::size_t i : numbers) {
    std::vector<std::string> words{"validator", "approve", processes.folder_of(i).string(), next};
    if (i == numbers.back()) words.insert(words.end(), {"--wait", "60"});
    require_done(test::run(words));
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(operating_validators)

BOOST_AUTO_TEST_CASE(a_group_is_backed_up_while_it_runs_and_another_is_made_of_it) {
  std::string file;
  test::TemporaryDirectory backups;
  {
    Processes processes{Processes::Security::tls};
    for (int i = 0; i < 30; ++i) {
      const std::string large(60'000, 'a');
      test::require_success(processes.ask(processes.memory().put("large" + std::to_string(i), large)));
    }
    require_done(processes.tool({"put", "colour", "blue"}));
    file = (backups.path() / "monday").string();
    const Outcome made = processes.tool({"backup", file, "--from", "v2", "--json"});
    require_done(made);
    BOOST_TEST(field_of(made.out, "validator") == "v2");
    BOOST_TEST(field_of(made.out, "bytes") == std::to_string(std::filesystem::file_size(file)));
    check_refused(processes.tool({"backup", file}), "never overwritten");
    check_refused(processes.tool({"backup", file + "2", "--from", "v7"}), "there are: v0, v1, v2, v3");
    // Without a name the first that has it gives it, whoever is away.
    processes.kill(0);
    require_done(processes.tool({"backup", file + "2"}));
    check_refused(processes.tool({"backup", file + "3", "--from", "v0", "--timeout", "2"}), "v0");
    BOOST_TEST(!std::filesystem::exists(file + "3"));
    BOOST_TEST(!std::filesystem::exists(file + "3.partial"));
    require_done(processes.tool({"put", "colour", "red"}));
  }
  Processes processes{Processes::Security::none, Processes::Start::none};
  std::string root;
  for (std::size_t i = 0; i < 4; ++i) {
    const Outcome restored = test::run({"memory", "restore", file, "--dir", processes.folder_of(i).string(),
                                        "--committee", processes.committee_file(), "--json"});
    require_done(restored);
    BOOST_TEST(field_of(restored.out, "epoch") == "1");
    if (i > 0) BOOST_TEST(field_of(restored.out, "root") == root);
    root = field_of(restored.out, "root");
  }
  check_refused(test::run({"memory", "restore", file, "--dir", processes.folder_of(0).string(), "--committee",
                           processes.committee_file()}),
                "beside its key");
  for (std::size_t i = 0; i < 4; ++i) processes.start(i);
  BOOST_TEST(processes.tool({"get", "colour"}).out == "blue");
  BOOST_TEST(processes.tool({"get", "large7"}).out.size() == 60'000U);
  require_done(processes.tool({"put", "colour", "green"}));
}

BOOST_AUTO_TEST_CASE(a_validator_whose_disk_is_lost_is_replaced_by_commands) {
  Processes processes{Processes::Security::tls};
  require_done(processes.tool({"put", "colour", "blue"}));
  processes.kill(2);
  const std::size_t newcomer = processes.add_folder("v2");
  const std::string key = new_key(processes.folder_of(newcomer));
  const std::string next = (processes.folder() / "next.toml").string();
  const std::vector<std::string> replace{"validator",
                                         "replace",
                                         "v2",
                                         "--public-key",
                                         key,
                                         "--committee",
                                         (processes.folder_of(0) / "committee.toml").string(),
                                         "--out",
                                         next};
  require_done(test::run(replace));
  check_refused(test::run(replace), "exists");
  auto committee = validator::load_committee_file(next);
  test::require_success(committee);
  BOOST_TEST(committee->epoch == 1U);
  // Where they are reached is what they have chosen here.
  for (std::size_t i = 0; i < 4; ++i) committee->members[i].address = processes.committee().members[i].address;
  processes.set_committee(*committee);
  processes.start(newcomer, {"--joins"});
  test::require_success(validator::save_committee_file(next, processes.committee()));
  approve(processes, {0, 1, 3}, next);
  check_refused(test::run({"validator", "approve", processes.folder_of(3).string(), next}), "epoch 2 is next");
  BOOST_TEST(processes.tool({"get", "colour"}).out == "blue");
  // The new one bears the loss of another; and all come back, by whatever file.
  BOOST_TEST(comes_to(processes, newcomer, 1));
  processes.kill(0);
  require_done(processes.tool({"put", "colour", "red"}));
  processes.start(0);
  processes.kill(1);
  BOOST_TEST(processes.tool({"get", "colour"}).out == "red");
}

BOOST_AUTO_TEST_CASE(one_is_added_by_commands_and_another_removed) {
  Processes processes;
  require_done(processes.tool({"put", "colour", "blue"}));
  const std::size_t newcomer = processes.add_folder("v4");
  const std::string key = new_key(processes.folder_of(newcomer));
  const std::string next = (processes.folder() / "next.toml").string();
  // It is asked on a port of its own choice here, and its address is not to be believed.
  require_done(test::run({"validator", "add", "--public-key", key, "--name", "v4", "--address", "127.0.0.1:1",
                          "--committee", processes.committee_file(), "--out", next}));
  auto committee = validator::load_committee_file(next);
  test::require_success(committee);
  processes.set_committee(*committee);
  processes.start(newcomer, {"--joins"});
  test::require_success(validator::save_committee_file(next, processes.committee()));
  approve(processes, {0, 1, 2, 3}, next);
  for (const std::size_t i : {0, 1, 2, 3, 4}) BOOST_TEST(comes_to(processes, i, 1), i);
  require_done(processes.tool({"put", "colour", "red"}));

  const std::string after = (processes.folder() / "after.toml").string();
  require_done(test::run({"validator", "remove", "v1", "--committee", next, "--out", after}));
  committee = validator::load_committee_file(after);
  test::require_success(committee);
  BOOST_TEST(committee->epoch == 2U);
  BOOST_TEST(committee->members.size() == 4U);
  approve(processes, {1, 3, 4, 0}, after);
  BOOST_TEST(processes.wait(1) == 1);
  processes.set_committee(*committee);
  BOOST_TEST(processes.tool({"get", "colour"}).out == "red");
  processes.kill(0);
  require_done(processes.tool({"put", "colour", "green"}));
}

BOOST_AUTO_TEST_CASE(what_makes_no_sense_is_refused_with_the_remedy) {
  const test::TemporaryDirectory folder;
  validator::CommitteeFile committee;
  committee.members.push_back({{.bytes = {1}}, "north", "10.0.0.1:4711"});
  const std::string file = (folder.path() / "committee.toml").string(), out = (folder.path() / "next.toml").string();
  test::require_success(validator::save_committee_file(file, committee));
  const auto change = [&](std::vector<std::string> words) {
    words.insert(words.begin(), "validator");
    words.insert(words.end(), {"--committee", file, "--out", out});
    return test::run(words);
  };
  check_refused(change({"replace", "south", "--public-key", std::string(64, 'a')}), "there are: north");
  check_refused(change({"replace", "north", "--public-key", "abc"}), "--public-key");
  check_refused(change({"remove", "north"}), "single validator");
  BOOST_TEST(change({"add", "--public-key", std::string(64, 'a')}).status == 2);
  check_refused(test::run({"validator", "approve", folder.path().string() + "/nowhere", file}), "has run");
  BOOST_TEST(!std::filesystem::exists(out));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace myelin
