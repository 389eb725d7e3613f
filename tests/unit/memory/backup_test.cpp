#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../support/comes_true.hpp"
#include "../../support/temporary_directory.hpp"
#include "group_fixture.hpp"
#include "myelin/consensus/state_machine.hpp"
#include "myelin/validator/state_store.hpp"

namespace myelin {

namespace {

using test::GroupFixture;
using test::kLimit;

/// The state in a backup, its root compared.
consensus::StateMachine state_in(const std::filesystem::path& backup) {
  const test::TemporaryDirectory folder;
  const auto store = validator::StateStore::restore(backup, folder.path() / "state");
  test::require_success(store);
  consensus::StateMachine machine;
  test::require_success(store->load(machine));
  return machine;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(backups)

BOOST_AUTO_TEST_CASE(a_backup_has_all_that_its_validator_had_executed) {
  const test::TemporaryDirectory folder;
  GroupFixture f{{.validators = 1, .folder = folder.path() / "group"}};
  for (int i = 0; i < 20; ++i) f.get(f.memory.put("key" + std::to_string(i), std::to_string(i)));
  f.get(f.memory.add("number", 7));
  test::require_success(f.group->backup(0, folder.path() / "first"));
  f.get(f.memory.put("key0", "later"));
  f.get(f.memory.erase("key1"));
  test::require_success(f.group->backup(0, folder.path() / "second"));
  const consensus::StateMachine first = state_in(folder.path() / "first"), second = state_in(folder.path() / "second");
  BOOST_TEST(first.key_count() == 21U);
  for (int i = 0; i < 20; ++i) BOOST_TEST(first.read("key" + std::to_string(i)).bytes == std::to_string(i));
  BOOST_TEST(first.read("number").number == 7);
  BOOST_TEST(second.key_count() == 20U);
  BOOST_TEST(second.read("key0").bytes == "later");
  BOOST_TEST(second.applied() > first.applied());
}

BOOST_AUTO_TEST_CASE(what_was_answered_is_in_the_newest_of_all_validators_backups) {
  const test::TemporaryDirectory folder;
  GroupFixture f{{.folder = folder.path() / "group"}};
  f.get(f.memory.put("key", "value"));
  consensus::CommitIndex newest = 0;
  std::string found;
  for (std::size_t i = 0; i < 4; ++i) {
    const auto path = folder.path() / std::to_string(i);
    test::require_success(f.group->backup(i, path));
    const consensus::StateMachine state = state_in(path);
    if (state.applied() > newest) found = state.read("key").bytes;
    newest = std::max(newest, state.applied());
  }
  BOOST_TEST(found == "value");
}

BOOST_AUTO_TEST_CASE(the_group_goes_on_and_comes_back_as_if_there_had_been_none) {
  const test::TemporaryDirectory folder;
  GroupFixture f{{.validators = 1, .folder = folder.path() / "group"}};
  f.get(f.memory.put("key", "1"));
  test::require_success(f.group->backup(0, folder.path() / "backup"));
  f.get(f.memory.put("key", "2"));
  f.group->crash(0);
  test::require_success(f.group->restart(0));
  const auto found = f.get(f.memory.get("key"));
  BOOST_REQUIRE(found.has_value());
  BOOST_TEST(found->text() == "2");
}

BOOST_AUTO_TEST_CASE(nobody_is_stopped_while_a_backup_is_under_way) {
  const test::TemporaryDirectory folder;
  GroupFixture f{{.folder = folder.path() / "group"}};
  // A pipe in place of the file that is written, so that it takes as long as the test does not read.
  const std::filesystem::path path = folder.path() / "backup";
  const std::string pipe = path.string() + ".partial";
  BOOST_REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  const int reader = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK);
  BOOST_REQUIRE(reader >= 0);
  for (int i = 0; i < 20; ++i) f.get(f.memory.put("key" + std::to_string(i), std::string(60'000, 'x')));
  Result<void> copied{};
  std::thread copying{[&] { copied = f.group->backup(0, path); }};
  pollfd written{.fd = reader, .events = POLLIN, .revents = 0};
  BOOST_TEST(::poll(&written, 1, 60'000) == 1);
  const auto refused = f.group->replace(2, std::chrono::milliseconds{50});
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().code == Errc::timeout));
  // It votes as before.
  f.get(f.memory.put("meanwhile", "1"));
  const consensus::CommitIndex there = f.group->status(0).executed;
  BOOST_TEST(test::comes_true([&] { return f.group->status(2).executed > there; }));
  std::vector<char> read(1 << 16);
  std::atomic<bool> is_over = false;
  std::thread reading{[&] {
    while (!is_over) {
      while (::read(reader, read.data(), read.size()) > 0) {
      }
      ::poll(&written, 1, 1);
    }
  }};
  copying.join();
  is_over = true;
  reading.join();
  ::close(reader);
  BOOST_TEST(!copied);  // a pipe is no backup
  test::require_success(f.group->replace(2));
  f.get(f.memory.put("after", "1"));
}

BOOST_AUTO_TEST_CASE(where_there_can_be_none_it_says_so) {
  const test::TemporaryDirectory folder;
  const auto code_of = [](const Result<void>& result) { return result ? Errc{} : result.error().code; };
  GroupFixture f{{.validators = 1, .folder = folder.path() / "group"}};
  const auto taken = folder.write("taken", "mine");
  BOOST_TEST((code_of(f.group->backup(0, taken)) == Errc::invalid_argument));
  BOOST_TEST(test::content_of(taken) == "mine");
  BOOST_TEST((code_of(f.group->backup(0, folder.path() / "none" / "backup")) == Errc::io_error ||
              code_of(f.group->backup(0, folder.path() / "none" / "backup")) == Errc::not_found));
  f.group->crash(0);
  BOOST_TEST((code_of(f.group->backup(0, folder.path() / "backup")) == Errc::invalid_argument));
  GroupFixture keeps_nothing{{.validators = 1}};
  BOOST_TEST((code_of(keeps_nothing.group->backup(0, folder.path() / "backup")) == Errc::invalid_argument));
  BOOST_TEST(!std::filesystem::exists(folder.path() / "backup"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace myelin
