// One validator, one process.
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <optional>
#include <string>

#include "myelin/validator/folder_lock.hpp"
#include "temporary_directory.hpp"

using namespace myelin;
using namespace myelin::validator;
using myelin::test::TemporaryDirectory;

BOOST_AUTO_TEST_SUITE(folder_lock)

BOOST_AUTO_TEST_CASE(a_folder_is_made_for_its_owner_alone) {
  const TemporaryDirectory above;
  const auto folder = above.path() / "validator";
  BOOST_REQUIRE(FolderLock::take(folder).has_value());
  struct stat status {};
  BOOST_REQUIRE(::stat(folder.c_str(), &status) == 0);
  BOOST_TEST((status.st_mode & 07777) == 0700U);
  BOOST_TEST((FolderLock::take(above.path() / "none" / "validator").error().code == Errc::not_found));
}

BOOST_AUTO_TEST_CASE(who_comes_second_is_told_who_was_first) {
  const TemporaryDirectory folder;
  std::optional<FolderLock> first{FolderLock::take(folder.path()).value()};
  const auto second = FolderLock::take(folder.path());
  BOOST_REQUIRE(!second.has_value());
  BOOST_TEST((second.error().code == Errc::invalid_argument));
  BOOST_TEST(second.error().message.find(folder.path().string()) != std::string::npos);
  BOOST_TEST(second.error().message.find("(process " + std::to_string(::getpid()) + ")") != std::string::npos);
  first.reset();
  BOOST_TEST(FolderLock::take(folder.path()).has_value());
}

BOOST_AUTO_TEST_CASE(a_killed_process_leaves_no_lock) {
  const TemporaryDirectory folder;
  std::array<int, 2> ready{};
  BOOST_REQUIRE(::pipe(ready.data()) == 0);
  const pid_t child = ::fork();
  BOOST_REQUIRE(child >= 0);
  if (child == 0) {
    const auto lock = FolderLock::take(folder.path());
    const char held = lock ? 'y' : 'n';
    static_cast<void>(::write(ready[1], &held, 1) == 1);
    while (true) ::pause();
  }
  char held = 0;
  BOOST_REQUIRE(::read(ready[0], &held, 1) == 1);
  BOOST_TEST(held == 'y');
  BOOST_TEST(!FolderLock::take(folder.path()).has_value());
  ::kill(child, SIGKILL);
  BOOST_TEST(::waitpid(child, nullptr, 0) == child);
  BOOST_TEST(FolderLock::take(folder.path()).has_value());
  ::close(ready[0]);
  ::close(ready[1]);
}

BOOST_AUTO_TEST_SUITE_END()
