#include <boost/test/unit_test.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "process/atomic_file.hpp"
#include "process/file_lock.hpp"
#include "temporary_directory.hpp"

using myelin::Errc;
using myelin::test::content_of;
using myelin::test::TemporaryDirectory;
using myelin::tool::are_same_file;
using myelin::tool::check_can_write;
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

BOOST_AUTO_TEST_CASE(a_symbolic_link_stays_and_its_target_is_replaced) {
  namespace fs = std::filesystem;
  const TemporaryDirectory directory;
  fs::create_directory(directory.path() / "far");
  const auto target = directory.write("far/report.json", "old");
  fs::create_symlink("far/report.json", directory.path() / "near");
  const auto link = directory.path() / "link";
  fs::create_symlink(directory.path() / "near", link);  // by way of another link, which is relative
  BOOST_TEST(check_can_write("--save", link).has_value());
  BOOST_TEST(write_file_atomically(link, "new").has_value());
  BOOST_TEST(fs::is_symlink(link));
  BOOST_TEST(fs::is_symlink(directory.path() / "near"));
  BOOST_TEST(!fs::is_symlink(target));
  BOOST_TEST(content_of(target) == "new");
  BOOST_TEST(files_in(directory.path() / "far") == 1);
  BOOST_TEST(files_in(directory.path()) == 3);
}

BOOST_AUTO_TEST_CASE(a_link_to_nothing_yet_makes_its_target) {
  const TemporaryDirectory directory;
  const auto link = directory.path() / "link";
  std::filesystem::create_symlink("report.json", link);
  BOOST_TEST(write_file_atomically(link, "new").has_value());
  BOOST_TEST(std::filesystem::is_symlink(link));
  BOOST_TEST(content_of(directory.path() / "report.json") == "new");
  const auto astray = directory.path() / "astray";
  std::filesystem::create_symlink("none/report.json", astray);
  BOOST_TEST(!check_can_write("--save", astray).has_value());
}

BOOST_AUTO_TEST_CASE(links_in_a_circle_are_an_error) {
  const TemporaryDirectory directory;
  std::filesystem::create_symlink("b", directory.path() / "a");
  std::filesystem::create_symlink("a", directory.path() / "b");
  BOOST_TEST(!check_can_write("--save", directory.path() / "a").has_value());
  BOOST_TEST(!write_file_atomically(directory.path() / "a", "x").has_value());
  BOOST_TEST(std::filesystem::is_symlink(directory.path() / "a"));
}

BOOST_AUTO_TEST_CASE(a_fifo_stays_one_and_its_reader_gets_the_content) {
  const TemporaryDirectory directory;
  const auto fifo = directory.path() / "fifo";
  BOOST_REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  const auto link = directory.path() / "link";
  std::filesystem::create_symlink("fifo", link);
  const int reader = ::open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);  // The writer need not wait for it.
  BOOST_REQUIRE(reader >= 0);
  for (const auto& path : {fifo, link}) {
    BOOST_TEST(check_can_write("--save", path).has_value());
    BOOST_TEST(write_file_atomically(path, "new").has_value());
    BOOST_TEST(std::filesystem::is_fifo(fifo));
    std::array<char, 16> read{};
    const auto count = ::read(reader, read.data(), read.size());
    BOOST_TEST(std::string(read.data(), count > 0 ? static_cast<std::size_t>(count) : 0) == "new");
  }
  ::close(reader);
  BOOST_TEST(std::filesystem::is_symlink(link));
  BOOST_TEST(files_in(directory.path()) == 2);
}

BOOST_AUTO_TEST_CASE(an_open_file_by_its_name_in_proc_gets_the_content_at_its_end) {
  // What /dev/stdout is, where it leads to a file.
  const TemporaryDirectory directory;
  const auto file = directory.write("output", "a report, ");
  const int open = ::open(file.c_str(), O_WRONLY | O_CLOEXEC);
  BOOST_REQUIRE(open >= 0);
  const auto link = directory.path() / "link";
  std::filesystem::create_symlink("/proc/self/fd/" + std::to_string(open), link);
  BOOST_TEST(write_file_atomically(link, "a document").has_value());
  ::close(open);
  BOOST_TEST(std::filesystem::is_symlink(link));
  BOOST_TEST(content_of(file) == "a report, a document");
}

BOOST_AUTO_TEST_CASE(the_same_file_is_known_by_any_name) {
  const TemporaryDirectory directory;
  const auto file = directory.path() / "report.json";  // not there yet
  std::filesystem::create_symlink("report.json", directory.path() / "link");
  BOOST_TEST(are_same_file(file, directory.path() / "." / "report.json"));
  BOOST_TEST(are_same_file(file, directory.path() / "link"));
  BOOST_TEST(!are_same_file(file, directory.path() / "report.svg"));
  directory.write("report.json", "x");
  BOOST_TEST(are_same_file(file, directory.path() / "link"));
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
