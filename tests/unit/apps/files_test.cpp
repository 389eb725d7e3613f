#include <boost/test/unit_test.hpp>

#include <unistd.h>

#include "process/atomic_file.hpp"
#include "process/file_lock.hpp"
#include "temporary_directory.hpp"

using myelin::Errc;
using myelin::test::content_of;
using myelin::test::TemporaryDirectory;
using myelin::tool::write_file_atomically;

namespace {

std::ptrdiff_t files_in(const std::filesystem::path& directory) {
  return std::distance(std::filesystem::directory_iterator{directory}, {});
}

}  // namespace

BOOST_AUTO_TEST_SUITE(files)

BOOST_AUTO_TEST_CASE(a_file_is_replaced_and_nothing_else_is_left) {
  const TemporaryDirectory directory;
  const auto file = directory.write("report.json", "old and longer");
  BOOST_TEST(write_file_atomically(file, "new").has_value());
  BOOST_TEST(content_of(file) == "new");
  BOOST_TEST(files_in(directory.path()) == 1);
}

BOOST_AUTO_TEST_CASE(a_missing_directory_is_an_error_that_names_the_file) {
  const TemporaryDirectory directory;
  const auto result = write_file_atomically(directory.path() / "none" / "report.json", "x");
  BOOST_REQUIRE(!result.has_value());
  BOOST_TEST((result.error().code == Errc::io_error));
  BOOST_TEST(result.error().message.find("report.json") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_failed_replacement_leaves_no_temporary_file) {
  const TemporaryDirectory directory;
  const auto target = directory.path() / "occupied";
  std::filesystem::create_directories(target / "by a directory");
  BOOST_TEST(!write_file_atomically(target, "x").has_value());
  BOOST_TEST(files_in(directory.path()) == 1);
}

BOOST_AUTO_TEST_CASE(a_lock_is_held_by_one_and_says_by_whom) {
  using myelin::tool::FileLock;
  const TemporaryDirectory directory;
  const auto file = directory.path() / "lock";
  {
    const auto held = FileLock::take(file, {});
    BOOST_REQUIRE(held.has_value());
    BOOST_TEST(myelin::tool::holder_of(file) == ::getpid());
    int told = 0;
    const auto second = FileLock::take(file, {.limit = std::chrono::milliseconds{50}, .on_wait = [&](pid_t process) {
                                                told += process == ::getpid() ? 1 : 100;
                                              }});
    BOOST_REQUIRE(!second.has_value());
    BOOST_TEST((second.error().code == Errc::timeout));
    BOOST_TEST(second.error().message.find(std::to_string(::getpid())) != std::string::npos);
    BOOST_TEST(told == 1);
  }
  // The number alone makes nobody the holder.
  BOOST_TEST(content_of(file) == std::to_string(::getpid()) + "\n");
  BOOST_TEST(myelin::tool::holder_of(file) == 0);
  BOOST_TEST(FileLock::take(file, {.limit = std::chrono::milliseconds{0}}).has_value());
  const auto nowhere = FileLock::take(directory.path() / "none" / "lock", {});
  BOOST_REQUIRE(!nowhere.has_value());
  BOOST_TEST((nowhere.error().code == Errc::not_found));
}

BOOST_AUTO_TEST_SUITE_END()
