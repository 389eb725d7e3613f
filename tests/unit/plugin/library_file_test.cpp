#include "loading/library_file.hpp"

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <random>
#include <string>

#include "myelin/plugin/load.hpp"
#include "myelin/plugin/stamp.hpp"
#include "temporary_directory.hpp"

using namespace myelin;
using namespace myelin::plugin;

namespace {

const std::string kGood = MYELIN_PLUGIN_FOLDER "/test_plugin_good" MYELIN_PLUGIN_SUFFIX;

std::string good_bytes() {
  std::ifstream stream{kGood, std::ios::binary};
  return {std::istreambuf_iterator<char>{stream}, {}};
}

Errc refusal(const std::filesystem::path& file) {
  AgentTypes types;
  const auto loaded = load_plugin(file, types);
  BOOST_REQUIRE(!loaded.has_value());
  BOOST_TEST(types.size() == 0U);
  BOOST_TEST(loaded.error().message.find(file.string()) != std::string::npos);
  return loaded.error().code;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(library_file)

BOOST_AUTO_TEST_CASE(a_section_is_read_without_loading) {
  const auto section = section_of(kGood, ".myelin.plugin");
  BOOST_REQUIRE(section.has_value());
  BOOST_TEST(section->size() == sizeof(Stamp));
  const auto none = section_of(kGood, ".no.such.section");
  BOOST_REQUIRE(none.has_value());
  BOOST_TEST(none->empty());
}

BOOST_AUTO_TEST_CASE(what_is_no_library_is_refused) {
  const test::TemporaryDirectory folder;
  const auto file = folder.path() / "it.so";
  BOOST_TEST((refusal(file) == Errc::not_found));
  BOOST_TEST((refusal(folder.path()) == Errc::invalid_argument));
  const auto write = [&](const std::string& bytes) {
    std::ofstream{file, std::ios::binary | std::ios::trunc} << bytes;
  };
  write("");
  BOOST_TEST((refusal(file) == Errc::invalid_argument));
  write(std::string(1000, 'x'));
  BOOST_TEST((refusal(file) == Errc::invalid_argument));
  write(
      "\x7f"
      "ELF" +
      std::string(1000, 'x'));
  BOOST_TEST((refusal(file) == Errc::invalid_argument));
  std::string other_machine = good_bytes();
  other_machine[18] = 40;  // a 32-bit ARM
  write(other_machine);
  BOOST_TEST((refusal(file) == Errc::invalid_argument));
}

BOOST_AUTO_TEST_CASE(a_library_that_is_cut_short_is_refused_wherever_it_ends) {
  const test::TemporaryDirectory folder;
  const auto file = folder.path() / "cut.so";
  const std::string whole = good_bytes();
  for (std::size_t part = 0; part < 64; ++part) {
    std::ofstream{file, std::ios::binary | std::ios::trunc} << whole.substr(0, whole.size() * part / 64);
    const Errc code = refusal(file);
    BOOST_TEST((code == Errc::io_error || code == Errc::invalid_argument), "part " << part);
  }
}

// Damage to what is read here; the system's loader is not asked.
BOOST_AUTO_TEST_CASE(damaged_headers_never_lead_out_of_the_file) {
  const test::TemporaryDirectory folder;
  const auto file = folder.path() / "damaged.so";
  const std::string whole = good_bytes();
  std::mt19937 random{1};
  for (int round = 0; round < 300; ++round) {
    std::string bytes = whole;
    // The first header, or those of the sections, at the end.
    for (int change = 0; change < 4; ++change) {
      const bool first = random() % 2 == 0;
      const std::size_t at = first ? 16 + random() % 48 : bytes.size() - 1 - random() % 2048;
      bytes[at] = static_cast<char>(random());
    }
    std::ofstream{file, std::ios::binary | std::ios::trunc} << bytes;
    const auto section = section_of(file, ".myelin.plugin");
    BOOST_TEST((section.has_value() || section.error().code == Errc::io_error ||
                section.error().code == Errc::invalid_argument));
  }
}

BOOST_AUTO_TEST_SUITE_END()
