// `myelin new agent`: which names it takes, what becomes of the templates, and that a project is written whole or not
// at all.
#include <boost/test/unit_test.hpp>

#include <set>

#include "project/agent_project.hpp"
#include "project/agent_templates.hpp"
#include "project/write_project.hpp"
#include "temporary_directory.hpp"

using myelin::Errc;
using myelin::test::content_of;
using myelin::test::TemporaryDirectory;
using namespace myelin::tool;

namespace {

namespace fs = std::filesystem;

const AgentProject kProject{{"price_feed", "PriceFeed"}, 0x8000000000000abc, "0.1"};

std::set<std::string> names_in(const fs::path& directory) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator{directory}) names.insert(entry.path().filename().string());
  return names;
}

}  // namespace

BOOST_TEST_DONT_PRINT_LOG_VALUE(myelin::Errc)

BOOST_AUTO_TEST_SUITE(new_agent)

BOOST_AUTO_TEST_CASE(both_spellings_of_a_name_are_one) {
  struct Case {
    const char* given;
    const char* snake;
    const char* camel;
  };
  for (const auto& [given, snake, camel] :
       {Case{"PriceFeed", "price_feed", "PriceFeed"}, Case{"price_feed", "price_feed", "PriceFeed"},
        Case{"priceFeed", "price_feed", "PriceFeed"}, Case{"HTTPServer", "http_server", "HttpServer"},
        Case{"feed2", "feed2", "Feed2"}, Case{"Feed2Go", "feed2_go", "Feed2Go"}, Case{"feed_2", "feed_2", "Feed2"},
        Case{"Class", "class", "Class"}, Case{"x", "x", "X"}, Case{"X", "x", "X"}, Case{"TCP", "tcp", "Tcp"}}) {
    const auto name = parse_agent_name(given);
    BOOST_REQUIRE_MESSAGE(name.has_value(), given);
    BOOST_TEST(name->snake == snake);
    BOOST_TEST(name->camel == camel);
  }
}

BOOST_AUTO_TEST_CASE(a_wrong_name_is_refused_with_the_reason_and_one_that_is_right) {
  struct Case {
    const char* given;
    const char* why;
    const char* instead;
  };
  for (const auto& [given, why, instead] :
       {Case{"", "at least one letter", "price_feed"}, Case{"2fast", "begins with a digit", "fast"},
        Case{"price-feed", "contains '-'", "price_feed"}, Case{"a/../b", "contains '/'", "a_b"},
        Case{"price feed", "neither a letter", "price_feed"}, Case{"Größe", "neither a letter", "gr_e"},
        Case{"_feed", "underscore", "feed"}, Case{"feed_", "underscore", "feed"},
        Case{"a__b", "two underscores", "a_b"}, Case{"test", "of its own", "test_agent"},
        Case{"Install", "of its own", "install_agent"}, Case{"--", "contains '-'", "price_feed"}}) {
    const auto name = parse_agent_name(given);
    BOOST_REQUIRE_MESSAGE(!name.has_value(), given);
    BOOST_TEST((name.error().code == Errc::invalid_argument));
    BOOST_TEST_CONTEXT(name.error().message) {
      BOOST_TEST(name.error().message.find(why) != std::string::npos);
      BOOST_TEST(name.error().message.ends_with(std::string{"for example: "} + instead));
    }
    BOOST_TEST(parse_agent_name(instead).has_value());
  }
  BOOST_TEST(parse_agent_name(std::string(kAgentNameMax, 'a')).has_value());
  BOOST_TEST(!parse_agent_name(std::string(kAgentNameMax + 1, 'a')).has_value());
}

BOOST_AUTO_TEST_CASE(placeholders_are_replaced_and_every_other_at_sign_stays) {
  BOOST_TEST(expand_template("@name@.hpp: @Name@, text @0 :Text; @@schema_id@ @nam @ @myelin_version@@", kProject) ==
             "price_feed.hpp: PriceFeed, text @0 :Text; @0x8000000000000abc @nam @ 0.1@");
}

BOOST_AUTO_TEST_CASE(a_schema_id_has_its_top_bit_set_and_keeps_the_others) {
  BOOST_TEST(fresh_schema_id(0) == 0x8000000000000000U);
  BOOST_TEST(fresh_schema_id(0x7fffffffffffffff) == 0xffffffffffffffffU);
}

BOOST_AUTO_TEST_CASE(no_placeholder_is_left_in_a_project_and_its_files_are_called_after_the_agent) {
  std::set<std::string> paths;
  for (const ProjectFile& file : agent_project_files(kProject)) {
    BOOST_TEST(paths.insert(file.path).second);
    BOOST_TEST(!file.text.empty());
    for (const char* left : {"@name@", "@Name@", "@schema_id@", "@myelin_version@"}) {
      BOOST_TEST(file.text.find(left) == std::string::npos, file.path << " still has " << left);
    }
  }
  BOOST_TEST(
      paths == (std::set<std::string>{".gitignore", "CMakeLists.txt", "README.md", "main.cpp", "price_feed.capnp",
                                      "price_feed.cpp", "price_feed.hpp", "price_feed_test.cpp"}),
      boost::test_tools::per_element());
  BOOST_TEST(agent_project_files(kProject).size() == kAgentTemplates.size());
}

BOOST_AUTO_TEST_CASE(a_project_is_written_where_there_was_nothing_or_an_empty_folder) {
  const TemporaryDirectory parent;
  const std::vector<ProjectFile> files{{"a.txt", "one"}, {"deep/b.txt", "two"}};
  fs::create_directory(parent.path() / "empty");
  for (const char* name : {"new", "empty", "slash/"}) {
    BOOST_TEST(write_project(parent.path() / name, files, Existing::refuse).has_value());
    BOOST_TEST(content_of(parent.path() / name / "a.txt") == "one");
    BOOST_TEST(content_of(parent.path() / name / "deep/b.txt") == "two");
  }
  BOOST_TEST(names_in(parent.path()) == (std::set<std::string>{"empty", "new", "slash"}),
             boost::test_tools::per_element());
  BOOST_TEST(((fs::status(parent.path() / "new").permissions() & fs::perms::owner_all) == fs::perms::owner_all));
}

BOOST_AUTO_TEST_CASE(a_folder_in_use_is_refused_untouched_unless_its_files_may_be_replaced) {
  const TemporaryDirectory parent;
  fs::create_directory(parent.path() / "mine");
  parent.write("mine/a.txt", "old");
  parent.write("mine/diary.txt", "dear diary");
  const std::vector<ProjectFile> files{{"a.txt", "new"}, {"b.txt", "new"}};

  const auto refused = write_project(parent.path() / "mine", files, Existing::refuse);
  BOOST_REQUIRE(!refused.has_value());
  BOOST_TEST((refused.error().code == Errc::invalid_argument));
  BOOST_TEST(refused.error().message.find("--force") != std::string::npos);
  BOOST_TEST(content_of(parent.path() / "mine/a.txt") == "old");

  BOOST_TEST(write_project(parent.path() / "mine", files, Existing::replace).has_value());
  BOOST_TEST(content_of(parent.path() / "mine/a.txt") == "new");
  BOOST_TEST(content_of(parent.path() / "mine/b.txt") == "new");
  BOOST_TEST(content_of(parent.path() / "mine/diary.txt") == "dear diary");
  BOOST_TEST(names_in(parent.path()).size() == 1U);
}

BOOST_AUTO_TEST_CASE(what_fails_half_way_leaves_nothing) {
  const TemporaryDirectory parent;
  // The second file would lie in a folder that is a file.
  const std::vector<ProjectFile> files{{"a", "one"}, {"a/b", "two"}};
  const auto failed = write_project(parent.path() / "new", files, Existing::refuse);
  BOOST_REQUIRE(!failed.has_value());
  BOOST_TEST((failed.error().code == Errc::io_error));
  BOOST_TEST(names_in(parent.path()).empty());
}

BOOST_AUTO_TEST_CASE(a_file_in_the_way_and_a_missing_parent_are_told_apart) {
  const TemporaryDirectory parent;
  parent.write("file", "");
  const std::vector<ProjectFile> files{{"a", "one"}};
  const auto in_the_way = write_project(parent.path() / "file", files, Existing::replace);
  BOOST_REQUIRE(!in_the_way.has_value());
  BOOST_TEST((in_the_way.error().code == Errc::invalid_argument));
  const auto no_parent = write_project(parent.path() / "none" / "new", files, Existing::refuse);
  BOOST_REQUIRE(!no_parent.has_value());
  BOOST_TEST((no_parent.error().code == Errc::not_found));
}

BOOST_AUTO_TEST_SUITE_END()
