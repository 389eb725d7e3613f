#include "demos/digits/settings.hpp"

#include <boost/test/unit_test.hpp>

#include "temporary_directory.hpp"

using myelin::Errc;
using myelin::digits::all_settings;
using myelin::digits::read_settings;
using myelin::digits::Settings;

BOOST_TEST_DONT_PRINT_LOG_VALUE(myelin::Errc)

namespace {

struct Fixture {
  myelin::test::TemporaryDirectory directory;

  [[nodiscard]] auto read(std::string_view toml) const { return read_settings(directory.write("x.toml", toml), {}); }

  /// The file is refused, with all of these in the message, on one line.
  void check_refused(std::string_view toml, std::initializer_list<const char*> parts) const {
    const auto settings = read(toml);
    BOOST_REQUIRE(!settings);
    BOOST_TEST(settings.error().code == Errc::invalid_argument);
    const std::string& message = settings.error().message;
    for (const char* part : parts) BOOST_TEST(message.find(part) != std::string::npos, message << " lacks " << part);
    BOOST_TEST(message.find('\n') == std::string::npos);
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(demo_settings, Fixture)

BOOST_AUTO_TEST_CASE(the_example_names_every_setting_and_its_default) {
  const std::string text = myelin::test::content_of(MYELIN_CONFIG);
  for (const auto& setting : all_settings()) {
    const std::string line = "\n" + std::string{setting.name} + " = ";
    BOOST_TEST(text.find(line) != std::string::npos, setting.name << " is missing");
  }
  const auto settings = read_settings(MYELIN_CONFIG, {});
  BOOST_REQUIRE(settings.has_value());
  const Settings defaults;
  for (const auto& setting : all_settings()) {
    std::visit([&](auto member) { BOOST_TEST((settings.value().*member == defaults.*member), setting.name); },
               setting.member);
  }
}

BOOST_AUTO_TEST_CASE(what_the_file_leaves_out_stays) {
  Settings before;
  before.agents = 5;
  const auto settings = read_settings(directory.write("x.toml", "[mesh]\nworkers = 3\n"), before);
  BOOST_REQUIRE(settings.has_value());
  BOOST_TEST(settings->workers == 3U);
  BOOST_TEST(settings->agents == 5U);
}

BOOST_AUTO_TEST_CASE(an_unknown_key_is_named_with_its_line_and_the_nearest_known_one) {
  check_refused("[demo.digits]\nagents = 3\nmax-bach = 8\n", {"x.toml', line 3", "'max-bach'", "'max-batch'"});
  check_refused("[mesh]\nworker = 3\n", {"line 2", "did you mean 'workers'?"});
  check_refused("[demo.digits]\nworkers = 3\n", {"unknown key 'workers' in [demo.digits]"});
}

BOOST_AUTO_TEST_CASE(an_unknown_section_is_named) {
  check_refused("[demo.letters]\nagents = 3\n", {"line 1", "'letters'"});
  check_refused("agents = 3\n", {"'agents' at the top", "[demo.digits]"});
}

BOOST_AUTO_TEST_CASE(a_value_that_does_not_fit_is_named) {
  check_refused("[demo.digits]\nagents = 0\n", {"agents = 0", "from 1 to 1000000"});
  check_refused("[demo.digits]\nagents = -1\n", {"agents = -1"});
  check_refused("[demo.digits]\nagents = \"many\"\n", {"many", "a whole number"});
  check_refused("[demo.digits]\nagents = 1.5\n", {"1.5", "a whole number"});
  check_refused("[demo.digits]\nagents = [1, 2]\n", {"agents", "a whole number"});
  check_refused("[demo.digits]\ndata = 7\n", {"data = 7", "a text"});
  check_refused("[demo.digits]\nbackend = \"cuda\"\n", {"'cuda'", "auto, scalar, simd or opencl"});
}

BOOST_AUTO_TEST_CASE(a_file_that_is_no_toml_is_named_with_the_line) {
  check_refused("[demo.digits]\nagents = \n", {"x.toml', line 2"});
}

BOOST_AUTO_TEST_CASE(a_missing_file_is_named) {
  const auto missing = read_settings(directory.path() / "none.toml", {});
  BOOST_REQUIRE(!missing);
  BOOST_TEST(missing.error().code == Errc::not_found);
  const auto folder = read_settings(directory.path(), {});
  BOOST_REQUIRE(!folder);
  BOOST_TEST(folder.error().code == Errc::io_error);
}

BOOST_AUTO_TEST_SUITE_END()
