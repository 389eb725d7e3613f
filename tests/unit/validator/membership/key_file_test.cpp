// A key that was written is read back; and one that others can read, or that is damaged, is refused.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <string>

#include "myelin/validator/key_file.hpp"
#include "temporary_directory.hpp"

using namespace myelin;
using namespace myelin::validator;
using myelin::test::content_of;
using myelin::test::TemporaryDirectory;

namespace {

mode_t mode_of(const std::filesystem::path& path) {
  struct stat status {};
  BOOST_REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

/// A key file, and what is loaded of it once it has other bytes.
struct KeyFile {
  TemporaryDirectory folder;
  std::filesystem::path path = folder.path() / "key";
  KeyPairPtr key = create_key_file(path).value();

  [[nodiscard]] Result<KeyPairPtr> load_with(const std::string& content) const {
    folder.write("key", content);
    return load_key_file(path);
  }
};

bool says(const Error& error, std::string_view part) { return error.message.find(part) != std::string::npos; }

}  // namespace

BOOST_AUTO_TEST_SUITE(key_file)

BOOST_FIXTURE_TEST_CASE(what_was_created_is_loaded, KeyFile) {
  const auto loaded = load_key_file(path);
  BOOST_REQUIRE(loaded.has_value());
  BOOST_TEST(((*loaded)->public_key() == key->public_key()));
  const consensus::Digest digest{{1, 2, 3}};
  BOOST_TEST(((*loaded)->sign(digest) == key->sign(digest)));
  BOOST_TEST(content_of(path).find("public " + to_hex(key->public_key()) + "\n") != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(only_its_owner_can_read_it_whatever_the_umask, KeyFile) {
  BOOST_TEST(mode_of(path) == 0600U);
  const mode_t before = ::umask(0);
  const auto second = create_key_file(folder.path() / "second");
  ::umask(before);
  BOOST_REQUIRE(second.has_value());
  BOOST_TEST(mode_of(folder.path() / "second") == 0600U);
  BOOST_TEST(((*second)->public_key() != key->public_key()));
}

BOOST_FIXTURE_TEST_CASE(is_never_overwritten, KeyFile) {
  const std::string before = content_of(path);
  const auto again = create_key_file(path);
  BOOST_REQUIRE(!again.has_value());
  BOOST_TEST((again.error().code == Errc::invalid_argument));
  BOOST_TEST(says(again.error(), path.string()));
  BOOST_TEST(content_of(path) == before);
  std::filesystem::create_symlink(folder.path() / "nowhere", folder.path() / "link");
  BOOST_TEST(!create_key_file(folder.path() / "link").has_value());
  BOOST_TEST(!std::filesystem::exists(folder.path() / "nowhere"));
}

BOOST_FIXTURE_TEST_CASE(what_group_or_others_can_use_is_refused_with_the_remedy, KeyFile) {
  for (const mode_t mode : {0640U, 0620U, 0610U, 0604U, 0602U, 0601U, 0777U}) {
    BOOST_TEST_CONTEXT(mode) {
      BOOST_REQUIRE(::chmod(path.c_str(), mode) == 0);
      const auto loaded = load_key_file(path);
      BOOST_REQUIRE(!loaded.has_value());
      BOOST_TEST((loaded.error().code == Errc::invalid_argument));
      BOOST_TEST(says(loaded.error(), "chmod 600 '" + path.string() + "'"));
    }
  }
  for (const mode_t mode : {0600U, 0400U, 0700U}) {
    BOOST_REQUIRE(::chmod(path.c_str(), mode) == 0);
    BOOST_TEST(load_key_file(path).has_value());
  }
}

BOOST_FIXTURE_TEST_CASE(a_link_is_judged_by_what_it_points_to, KeyFile) {
  const std::filesystem::path link = folder.path() / "link";
  std::filesystem::create_symlink(path, link);
  BOOST_TEST(load_key_file(link).has_value());
  BOOST_REQUIRE(::chmod(path.c_str(), 0644) == 0);
  BOOST_TEST(!load_key_file(link).has_value());
}

BOOST_FIXTURE_TEST_CASE(what_is_no_plain_file_is_refused_at_once, KeyFile) {
  BOOST_TEST((load_key_file(folder.path() / "none").error().code == Errc::not_found));
  BOOST_TEST((create_key_file(folder.path() / "none" / "key").error().code == Errc::not_found));
  BOOST_TEST((load_key_file(folder.path()).error().code == Errc::invalid_argument));
  const std::filesystem::path pipe = folder.path() / "pipe";
  BOOST_REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  BOOST_TEST((load_key_file(pipe).error().code == Errc::invalid_argument));
}

BOOST_FIXTURE_TEST_CASE(a_file_cut_anywhere_is_refused, KeyFile) {
  const std::string whole = content_of(path);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto loaded = load_with(whole.substr(0, size));
    BOOST_REQUIRE(!loaded.has_value());
    BOOST_TEST((loaded.error().code == Errc::corrupt_file));
    BOOST_TEST(says(loaded.error(), path.string()));
  }
  BOOST_TEST(load_with(whole).has_value());
  BOOST_TEST((load_with(whole + "\n").error().code == Errc::corrupt_file));
  BOOST_TEST((load_with(whole + std::string(100'000, 'a')).error().code == Errc::corrupt_file));
}

BOOST_FIXTURE_TEST_CASE(a_wrong_digit_anywhere_is_found, KeyFile) {
  const std::string whole = content_of(path);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string wrong = whole;
    wrong[i] = wrong[i] == '1' ? '2' : '1';
    BOOST_TEST((load_with(wrong).error().code == Errc::corrupt_file));
  }
}

BOOST_FIXTURE_TEST_CASE(public_keys_are_told_in_hex, KeyFile) {
  const consensus::PublicKey& public_key = key->public_key();
  std::string text = to_hex(public_key);
  BOOST_TEST((parse_public_key(text).value() == public_key));
  for (char& letter : text) letter = static_cast<char>(letter >= 'a' ? letter - 'a' + 'A' : letter);
  BOOST_TEST((parse_public_key(text).value() == public_key));
  BOOST_TEST(says(parse_public_key(text.substr(1)).error(), "63"));
  BOOST_TEST(says(parse_public_key("").error(), "64"));
  text[40] = 'g';
  BOOST_TEST(says(parse_public_key(text).error(), "the 41th, 'g'"));
}

BOOST_AUTO_TEST_SUITE_END()
