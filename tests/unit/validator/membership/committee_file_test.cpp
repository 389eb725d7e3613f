// The file that names the validators: what was written is read, and what is wrong is told with its line.
#include "myelin/validator/committee_file.hpp"

#include <sys/stat.h>

#include <boost/test/unit_test.hpp>
#include <string>

#include "myelin/validator/key_file.hpp"
#include "temporary_directory.hpp"

using namespace myelin;
using namespace myelin::validator;
using myelin::test::TemporaryDirectory;

namespace {

consensus::PublicKey key_of(std::uint8_t number) {
  consensus::PublicKey key;
  key.bytes.fill(number);
  return key;
}

CommitteeFile four() {
  CommitteeFile file{3, {}};
  for (std::uint8_t i = 1; i <= 4; ++i) {
    file.members.push_back({key_of(i), "node-" + std::to_string(i), "10.0.0." + std::to_string(i) + ":4711"});
  }
  return file;
}

std::string quoted_key(std::uint8_t number) { return "\"" + to_hex(key_of(number)) + "\""; }

/// Checks that the text is refused, at this line, with a message that has `part`.
void check_refused(const std::string& text, int line, std::string_view part) {
  const auto parsed = parse_committee(text, "group.toml");
  BOOST_TEST_CONTEXT(text) {
    BOOST_REQUIRE(!parsed.has_value());
    BOOST_TEST((parsed.error().code == Errc::invalid_argument));
    const std::string& message = parsed.error().message;
    const std::string where = line == 0 ? "'group.toml': " : "'group.toml', line " + std::to_string(line) + ": ";
    BOOST_TEST(message.starts_with(where), message);
    BOOST_TEST(message.find(part) != std::string::npos, message);
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(committee_file)

BOOST_AUTO_TEST_CASE(what_was_saved_is_loaded) {
  const TemporaryDirectory folder;
  const auto path = folder.path() / "committee.toml";
  CommitteeFile file = four();
  for (int i = 0; i < 2; ++i) {
    BOOST_REQUIRE(save_committee_file(path, file).has_value());
    BOOST_TEST((load_committee_file(path) == file));
    file.members[2].name.clear();  // The second time it is replaced.
    file.members[3].address.clear();
  }
  struct stat status {};
  BOOST_REQUIRE(::stat(path.c_str(), &status) == 0);
  BOOST_TEST((status.st_mode & 07777) == 0644U);
  BOOST_TEST(std::distance(std::filesystem::directory_iterator{folder.path()}, {}) == 1);
}

BOOST_AUTO_TEST_CASE(it_makes_a_committee) {
  const auto committee = committee_of(four());
  BOOST_REQUIRE(committee.has_value());
  BOOST_TEST(committee->epoch() == 3U);
  BOOST_TEST(committee->size() == 4U);
  BOOST_TEST((committee->key(2) == key_of(3)));
}

BOOST_AUTO_TEST_CASE(comments_order_and_capitals_do_not_matter) {
  std::string capitals = to_hex(key_of(0xab));
  for (char& letter : capitals) letter = letter == 'a' ? 'A' : 'B';
  const auto parsed = parse_committee("# ours\n[[validator]] # the first\nname = 'a'\npublic_key = '" + capitals +
                                          "'\n[[validator]]\npublic_key = " + quoted_key(1) + "\n",
                                      "group.toml");
  BOOST_TEST(!parsed.has_value());  // An epoch is asked for.
  const auto again = parse_committee("epoch = 0\n[[validator]] # the first\nname = 'a'\npublic_key = '" + capitals +
                                         "'\n[[validator]]\npublic_key = " + quoted_key(1) + "\n",
                                     "group.toml");
  BOOST_REQUIRE(again.has_value());
  BOOST_TEST((again->members == std::vector<Member>{{key_of(0xab), "a", ""}, {key_of(1), "", ""}}));
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_told_with_its_line) {
  const std::string head = "epoch = 0\n[[validator]]\n", good = head + "public_key = " + quoted_key(1) + "\n";
  BOOST_REQUIRE(parse_committee(good, "group.toml").has_value());
  check_refused("", 0, "'epoch'");
  check_refused("epoch = -1\n", 1, "whole number, from 0");
  check_refused("\nepoch = 'one'\n", 2, "whole number");
  check_refused("epoch = 0\n", 0, "[[validator]]");
  check_refused("epoch = 0\nvalidator = []\n", 2, "[[validator]]");
  check_refused("epoch = 0\nvalidator = [1]\n", 2, "[[validator]]");
  check_refused("epoch = 0\n\nepock = 1\n", 3, "did you mean 'epoch'?");
  check_refused("epoch = 0\nentirely_other = 1\n", 2, "known: epoch, validator");
  check_refused(head + "publik_key = " + quoted_key(1) + "\n", 3, "did you mean 'public_key'?");
  check_refused(head, 2, "no 'public_key'");
  check_refused(head + "public_key = 17\n", 3, "text in quotes");
  check_refused(head + "public_key = 'abc'\n", 3, "these are 3");
  check_refused(head + "public_key = '" + to_hex(key_of(1)).substr(1) + "x'\n", 3, "the 64th, 'x'");
  check_refused(good + "name = 'a b'\n", 4, "a name is");
  check_refused(good + "name = 7\n", 4, "text in quotes");
  check_refused(good + "name = '" + std::string(65, 'a') + "'\n", 4, "up to 64");
  check_refused(good + "address = 'a b'\n", 4, "an address is");
  check_refused(good + "address = '" + std::string(256, 'a') + "'\n", 4, "up to 255");
  check_refused(good + "[[validator]]\npublic_key = " + quoted_key(1) + "\n", 5, "public_key of the one at line 2");
  check_refused(good + "name = 'a'\n[[validator]]\npublic_key = " + quoted_key(2) + "\nname = 'a'\n", 7,
                "name of the one at line 2");
  check_refused(good + "[[validator\n", 4, "");
  check_refused(good + "name = 'a'\nname = 'b'\n", 5, "");
  check_refused(std::string(kCommitteeFileBytesMax + 1, '\n'), 0, "more than");
  std::string many = "epoch = 0\n";
  for (int i = 0; i < 65; ++i) many += "[[validator]]\npublic_key = " + quoted_key(static_cast<std::uint8_t>(i)) + "\n";
  check_refused(many, 2, "64 are the most");
}

BOOST_AUTO_TEST_CASE(what_would_be_refused_is_not_written) {
  const TemporaryDirectory folder;
  const auto path = folder.path() / "committee.toml";
  const auto is_refused = [&](auto change) {
    CommitteeFile file = four();
    change(file);
    const auto saved = save_committee_file(path, file);
    return !saved && saved.error().code == Errc::invalid_argument && !std::filesystem::exists(path);
  };
  BOOST_TEST(is_refused([](CommitteeFile& file) { file.members.clear(); }));
  BOOST_TEST(is_refused([](CommitteeFile& file) { file.members[1].public_key = key_of(1); }));
  BOOST_TEST(is_refused([](CommitteeFile& file) { file.members[1].name = "a\"\nepoch = 7"; }));
  BOOST_TEST(is_refused([](CommitteeFile& file) { file.members[1].address = "a\"\nname = \"b"; }));
  BOOST_TEST(is_refused([](CommitteeFile& file) { file.epoch = ~consensus::Epoch{0}; }));
  BOOST_TEST((save_committee_file(folder.path() / "none" / "c", four()).error().code == Errc::not_found));
  BOOST_TEST((load_committee_file(path).error().code == Errc::not_found));
  BOOST_TEST((load_committee_file(folder.path()).error().code == Errc::invalid_argument));
}

BOOST_AUTO_TEST_SUITE_END()
