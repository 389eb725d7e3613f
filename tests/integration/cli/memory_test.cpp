// Runs `myelin memory` and `myelin keys` as a user would: each call is a process of its own, on the same directory.
#include <sys/stat.h>

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "../program.hpp"
#include "temporary_directory.hpp"

using myelin::test::content_of;
using myelin::test::Outcome;
using nlohmann::json;

namespace {

struct Fixture {
  myelin::test::TemporaryDirectory directory;
  std::string folder = (directory.path() / "memory").string();

  /// `myelin memory WORDS --dir folder --quiet`.
  [[nodiscard]] Outcome memory(std::vector<std::string> words) const {
    words.insert(words.begin(), "memory");
    // "--" ends the options: they go before it.
    auto end = std::ranges::find(words, "--");
    words.insert(end, {"--dir", folder, "--quiet"});
    return myelin::test::run(words);
  }
  void require_done(std::vector<std::string> words) const {
    const Outcome outcome = memory(std::move(words));
    BOOST_REQUIRE_MESSAGE(outcome.status == 0, outcome.err);
  }
  static void check_refused(const Outcome& outcome, int status, const std::string& part) {
    BOOST_TEST(outcome.status == status);
    BOOST_TEST(outcome.err_lines() == 1, outcome.err);
    BOOST_TEST(outcome.err.find(part) != std::string::npos, outcome.err << " lacks " << part);
    BOOST_TEST(outcome.out.empty());
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(memory_commands, Fixture)

BOOST_AUTO_TEST_CASE(what_one_process_puts_the_next_one_gets) {
  const Outcome first = myelin::test::run({"memory", "put", "colour", "blue", "--dir", folder});
  BOOST_TEST(first.status == 0);
  BOOST_TEST(first.err.find("made a shared memory") != std::string::npos);
  BOOST_TEST(first.out.empty());
  const Outcome second = myelin::test::run({"memory", "get", "colour", "--dir", folder});
  BOOST_TEST(second.status == 0);
  BOOST_TEST(second.out == "blue");
  BOOST_TEST(second.err.empty());
  check_refused(memory({"get", "shape"}), 1, "'shape' holds nothing");
}

BOOST_AUTO_TEST_CASE(where_no_memory_is_reading_makes_none) {
  check_refused(memory({"get", "colour"}), 1, "'myelin memory put' makes one");
  check_refused(memory({"search", "*"}), 1, folder);
  BOOST_TEST(!std::filesystem::exists(folder));
}

BOOST_AUTO_TEST_CASE(values_come_from_files_and_go_out_as_they_are) {
  std::string bytes;
  for (int i = 0; i < 5000; ++i) bytes += static_cast<char>(i * 7);
  require_done({"put", "photo", "--file", directory.write("photo", bytes), "--space", "pictures"});
  BOOST_TEST((memory({"get", "photo", "--space", "pictures"}).out == bytes));
  // Where people look, the prompt is not to stand behind it. (script, of Debian's bsdutils, runs it on a terminal.)
  BOOST_REQUIRE(memory({"put", "colour", "blue"}).status == 0);
  BOOST_TEST(memory({"get", "colour"}).out == "blue");
  const std::string command = MYELIN_BINARY " memory get colour --dir '" + folder + "'";
  BOOST_TEST(myelin::test::run({"-qec", command, "/dev/null"}, {}, "/usr/bin/script").out == "blue\r\n");
  BOOST_TEST((memory({"get", "pictures/photo"}).out == bytes));
  check_refused(memory({"put", "big", "--file", directory.write("big", std::string(65'537, 'x'))}), 1, "65536 at most");
  check_refused(memory({"put", "none", "--file", "/nowhere/x"}), 1, "/nowhere/x");
  check_refused(memory({"put", "none"}), 1, "needs one value");
  check_refused(memory({"put", std::string(257, 'k'), "v"}), 1, "257 bytes");
}

BOOST_AUTO_TEST_CASE(cas_sets_what_is_as_expected_and_says_what_is_not) {
  require_done({"put", "colour", "blue"});
  require_done({"cas", "colour", "blue", "green"});
  check_refused(memory({"cas", "colour", "blue", "red"}), 1, "it holds 'green'");
  check_refused(memory({"cas", "shape", "round", "square"}), 1, "it holds nothing");
  check_refused(memory({"put", "colour", "red", "--if-absent"}), 1, "holds something already: green");
  require_done({"put", "shape", "round", "--if-absent"});
  BOOST_TEST(memory({"get", "shape"}).out == "round");
}

BOOST_AUTO_TEST_CASE(a_value_may_be_put_for_a_while) {
  require_done({"put", "long", "1", "--ttl", "2h"});
  const json found = json::parse(memory({"get", "long", "--json"}).out);
  const auto now =
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  BOOST_TEST(found["expires_ns"].get<std::int64_t>() > now);
  BOOST_TEST(found["expires_ns"].get<std::int64_t>() <= now + 2 * 3'600'000'000'000);
  require_done({"put", "short", "1", "--ttl", "1ms"});
  // The first commits of a process may have the time at which the one before it stopped.
  Outcome gone = memory({"get", "short"});
  for (int i = 0; i < 100 && gone.status == 0; ++i) gone = memory({"get", "short"});
  check_refused(gone, 1, "'short' holds nothing");
  require_done({"put", "long", "2"});
  BOOST_TEST(!json::parse(memory({"get", "long", "--json"}).out).contains("expires_ns"));
  require_done({"put", "--from", directory.write("pairs.tsv", "a\t1\nb\t2\n"), "--ttl", "7d"});
  BOOST_TEST(json::parse(memory({"get", "b", "--json"}).out).contains("expires_ns"));
  for (const char* const wrong : {"0", "-1s", "5y", "20000d", "soon"}) {
    BOOST_TEST(memory({"put", "long", "3", "--ttl", wrong}).status == 2);
  }
}

BOOST_AUTO_TEST_CASE(del_empties_a_key_once) {
  require_done({"put", "colour", "blue"});
  require_done({"del", "colour"});
  check_refused(memory({"del", "colour"}), 1, "holds nothing");
}

BOOST_AUTO_TEST_CASE(numbers_are_added_to_and_moved) {
  BOOST_TEST(memory({"add", "alice", "100"}).out == "100\n");
  BOOST_TEST(memory({"add", "alice", "--", "-30"}).out == "70\n");
  require_done({"transfer", "alice", "bob", "50"});
  BOOST_TEST(memory({"get", "bob"}).out == "50\n");
  check_refused(memory({"transfer", "alice", "bob", "50"}), 1, "more than there is");
  require_done({"put", "colour", "blue"});
  check_refused(memory({"add", "colour", "1"}), 1, "holds no number");
  BOOST_TEST(memory({"transfer", "alice", "bob", "0"}).status == 2);
}

BOOST_AUTO_TEST_CASE(of_two_that_claim_a_key_one_gets_it) {
  require_done({"claim", "nightly", "--for", "3600"});
  check_refused(memory({"claim", "nightly", "--for", "3600"}), 1, "'nightly' is taken for another");
  BOOST_TEST(memory({"get", "nightly"}).out.starts_with("lease "));
}

BOOST_AUTO_TEST_CASE(a_backup_makes_a_new_memory_with_the_same_content) {
  const std::string file = (directory.path() / "backup").string(), other = (directory.path() / "new").string();
  check_refused(memory({"backup", file}), 1, "no shared memory in");
  require_done({"put", "colour", "blue"});
  require_done({"add", "visits", "3"});
  const Outcome backup = memory({"backup", file, "--json"});
  BOOST_TEST(backup.status == 0, backup.err);
  BOOST_TEST(json::parse(backup.out)["bytes"].get<std::uintmax_t>() == std::filesystem::file_size(file));
  check_refused(memory({"backup", file}), 1, "never overwritten");
  require_done({"put", "colour", "green"});
  const auto restore = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"memory", "restore"});
    return myelin::test::run(words);
  };
  check_refused(restore({file, "--dir", folder}), 1, "is not empty");
  const Outcome restored = restore({file, "--dir", other, "--validators", "4", "--json"});
  BOOST_TEST(restored.status == 0, restored.err);
  BOOST_TEST(json::parse(restored.out)["keys"].get<int>() == 2);
  BOOST_TEST(json::parse(restored.out)["validators"].get<int>() == 4);
  BOOST_TEST(myelin::test::run({"memory", "get", "colour", "--dir", other}).out == "blue");
  BOOST_TEST(myelin::test::run({"memory", "get", "visits", "--dir", other}).out == "3\n");
  BOOST_TEST(memory({"get", "colour"}).out == "green");
  const std::string whole = content_of(file), third = (directory.path() / "third").string();
  check_refused(restore({directory.write("cut", whole.substr(0, whole.size() / 2)), "--dir", third}), 1, "no backup");
  check_refused(restore({directory.write("twice", whole + whole), "--dir", third}), 1, "damaged backup");
  BOOST_TEST(restore({file, "--dir", third}).out.find("1 new validator\n") != std::string::npos);
  BOOST_TEST(restore({file, "--dir", third, "--validators", "0"}).status == 2);
}

BOOST_AUTO_TEST_CASE(a_validator_whose_folder_is_lost_is_replaced) {
  require_done({"put", "colour", "blue"});
  check_refused(memory({"replace", "0"}), 1, "restore a backup");
  const std::string file = (directory.path() / "backup").string(), four = (directory.path() / "four").string();
  require_done({"backup", file});
  BOOST_REQUIRE(myelin::test::run({"memory", "restore", file, "--dir", four, "--validators", "4"}).status == 0);
  const auto run = [&](std::vector<std::string> words) {
    words.insert(words.begin(), "memory");
    words.insert(words.end(), {"--dir", four});
    return myelin::test::run(words);
  };
  BOOST_TEST(run({"put", "shape", "round"}).status == 0);
  // One in between, and the last.
  for (const std::string lost : {"2", "3"}) {
    std::filesystem::remove_all(std::filesystem::path{four} / ("validator" + lost));
    check_refused(run({"get", "shape"}), 1, "validator" + lost);
    const Outcome replaced = run({"replace", lost, "--json"});
    BOOST_TEST(replaced.status == 0, replaced.err);
    BOOST_TEST(json::parse(replaced.out)["validators"].get<int>() == 4);
    BOOST_TEST(json::parse(replaced.out)["epoch"].get<int>() == (lost == "2" ? 2 : 3));
    BOOST_TEST(run({"get", "shape"}).out == "round");
  }
  check_refused(run({"replace", "7"}), 1, "7");
}

BOOST_AUTO_TEST_CASE(pairs_from_a_file_are_found_again_by_patterns_over_many_pages) {
  std::string lines;
  for (int i = 0; i < 1000; ++i) lines += "project_" + std::to_string(1000 + i) + "\tvalue " + std::to_string(i) + '\n';
  const Outcome put = memory({"put", "--from", directory.write("pairs.tsv", lines + "other\tx\\ty\n")});
  BOOST_TEST(put.status == 0);
  BOOST_TEST(put.out == "1,001 pairs put\n");
  BOOST_TEST((memory({"search", "project_*"}).out == lines));
  BOOST_TEST(memory({"search", "other"}).out == "other\tx\\ty\n");

  const json page = json::parse(memory({"search", "project_*", "--limit", "300", "--json"}).out);
  BOOST_TEST(page["entries"].size() == 300U);
  BOOST_TEST(page["cursor"].get<std::string>() == "project_1299");
  const json next = json::parse(memory({"search", "project_*", "--cursor", "project_1299", "--json", "--keys"}).out);
  BOOST_TEST(next["entries"].size() == 700U);
  BOOST_TEST(next["entries"][0]["key"].get<std::string>() == "project_1300");
  BOOST_TEST(!next.contains("cursor"));
  check_refused(memory({"put", "--from", directory.write("bad.tsv", "a\tb\nnonsense\n")}), 1, "line 2: no tab");
}

BOOST_AUTO_TEST_CASE(documents_say_what_was_done) {
  const json put = json::parse(memory({"put", "colour", "blue", "--json"}).out);
  BOOST_TEST(put["bytes"].get<int>() == 4);
  const json got = json::parse(memory({"get", "colour", "--json"}).out);
  BOOST_TEST(got["kind"].get<std::string>() == "bytes");
  BOOST_TEST(got["value"].get<std::string>() == "blue");
  BOOST_TEST(json::parse(memory({"add", "visits", "2", "--json"}).out)["value"].get<int>() == 2);
  const Outcome missing = memory({"get", "shape", "--json"});
  BOOST_TEST(missing.status == 1);
  BOOST_TEST(json::parse(missing.out)["error"]["name"].get<std::string>() == "not_found");
}

BOOST_AUTO_TEST_CASE(a_ledger_that_the_demo_left_is_read) {
  const Outcome demo = myelin::test::run(
      {"demo", "ledger", "--quick", "--seconds", "0.5", "--conflict", "high", "--folder", folder, "--quiet"});
  BOOST_REQUIRE_MESSAGE(demo.status == 0, demo.err);
  const json accounts = json::parse(memory({"search", "*", "--space", "ledger/high", "--json"}).out);
  std::int64_t total = 0;
  for (const json& account : accounts["entries"]) total += account["value"].get<std::int64_t>();
  BOOST_TEST(accounts["entries"].size() == 4U);
  BOOST_TEST(total == 4000);
}

BOOST_AUTO_TEST_CASE(a_new_key_is_for_its_owner_and_never_overwritten) {
  const std::string file = (directory.path() / "validator.key").string();
  const Outcome made = myelin::test::run({"keys", "new", file});
  BOOST_TEST(made.status == 0);
  BOOST_TEST(made.out.size() == 65U);
  BOOST_TEST(made.out.find_first_not_of("0123456789abcdef\n") == std::string::npos);
  struct stat status {};
  BOOST_REQUIRE(::stat(file.c_str(), &status) == 0);
  BOOST_TEST((status.st_mode & 0777) == 0600U);
  const std::string content = content_of(file);
  check_refused(myelin::test::run({"keys", "new", file}), 1, file);
  BOOST_TEST((content_of(file) == content));
  const std::string other = (directory.path() / "other.key").string();
  const json document = json::parse(myelin::test::run({"keys", "new", other, "--json"}).out);
  BOOST_TEST(document["public_key"].get<std::string>().size() == 64U);
  BOOST_TEST(document["public_key"].get<std::string>() != made.out.substr(0, 64));
  // Its folder is made, and is as private.
  const std::string north = (directory.path() / "machine" / "north").string();
  BOOST_TEST(myelin::test::run({"keys", "new", north + "/key"}).status == 0);
  for (const std::string& each : {north, (directory.path() / "machine").string()}) {
    BOOST_REQUIRE(::stat(each.c_str(), &status) == 0);
    BOOST_TEST((status.st_mode & 0777) == 0700U);
  }
  check_refused(myelin::test::run({"keys", "new", file + "/north/key"}), 1, file);
}

BOOST_AUTO_TEST_SUITE_END()
