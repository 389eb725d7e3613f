// A new group from the backup of another: what it has, what it must not have, and what is refused.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <thread>

#include "../../support/temporary_directory.hpp"
#include "group_fixture.hpp"
#include "myelin/validator/restore.hpp"
#include "myelin/validator/state_store.hpp"

namespace myelin {

namespace {

using namespace std::chrono_literals;
using test::GroupFixture;
using test::kLimit;
using test::text_of;
using validator::restore_group;

std::map<std::string, std::string> all_of(GroupFixture& f) {
  std::map<std::string, std::string> all;
  std::string cursor;
  do {
    const MemoryPage page = f.get(f.memory.search("*", 256, cursor));
    for (const auto& entry : page.entries) all[entry.key] = text_of(entry.value);
    cursor = page.cursor;
  } while (!cursor.empty());
  return all;
}

template <class T>
Errc code_of(const Result<T>& result) {
  return result ? Errc{} : result.error().code;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(restores)

BOOST_AUTO_TEST_CASE(a_restored_group_has_what_the_backup_has_and_goes_on_with_keys_of_its_own) {
  const test::TemporaryDirectory folder;
  const auto backup = folder.path() / "backup", again = folder.path() / "again";
  std::map<std::string, std::string> expected;
  MemoryPlace place;
  ClaimOutcome lease, late;
  {
    GroupFixture f{{.folder = folder.path() / "group"}};
    for (int i = 0; i < 300; ++i) f.get(f.memory.put("key" + std::to_string(i), std::to_string(i)));
    f.get(f.memory.add("number", 7));
    lease = f.get(f.memory.claim("task", 1h));
    place = f.get(f.memory.place());
    // The validator that is asked may be behind those that answered.
    for (bool is_there = false; !is_there;) {
      std::filesystem::remove(backup);
      test::require_success(f.group->backup(0, backup));
      const test::TemporaryDirectory look;
      const auto store = validator::StateStore::restore(backup, look.path() / "state");
      test::require_success(store);
      is_there = store->view()->fields()->applied >= place.commit;
    }
    expected = all_of(f);
    f.get(f.memory.put("key0", "after the backup"));
    late = f.get(f.memory.claim("late", 1h));
  }
  const std::string bytes = test::content_of(backup);
  for (const std::size_t validators : {0U, 1U, 7U}) {
    const test::TemporaryDirectory target;
    const auto restored = restore_group(backup, target.path() / "group", validators);
    test::require_success(restored);
    BOOST_TEST(restored->validators == (validators == 0 ? 4U : validators));
    BOOST_TEST(restored->keys == expected.size());
    BOOST_TEST(restored->epoch == 1U);
    const validator::GroupOptions options{.validators = restored->validators, .folder = target.path() / "group"};
    for (std::size_t i = 0; i < restored->validators && validators == 0; ++i) {
      const std::string own = "group/validator" + std::to_string(i) + "/key";
      BOOST_TEST(test::content_of(target.path() / own) != test::content_of(folder.path() / own));
    }
    for (int start = 0; start < 2; ++start) {
      GroupFixture f{options};
      BOOST_TEST((all_of(f) == expected));
      // Tokens go on above all that were ever granted, also after the backup; the old lease is still held.
      BOOST_TEST(!f.get(f.memory.claim("task", 1h)).is_granted);
      const ClaimOutcome next = f.get(f.memory.claim("next", 1h));
      BOOST_TEST(next.is_granted);
      BOOST_TEST(next.token > late.token);
      f.get(f.memory.release("next", next.token));
      BOOST_TEST(f.get(f.memory.changes("*", place, 0s)).is_too_old);
      f.get(f.memory.put("key0", "anew"));
      expected["key0"] = "anew";
      BOOST_TEST((all_of(f) == expected));
      for (std::size_t i = 0; i < f.group->size() && start == 1; ++i) f.group->crash(i);
      for (std::size_t i = 0; i < f.group->size() && start == 1; ++i) test::require_success(f.group->restart(i));
      BOOST_TEST((all_of(f) == expected));
      if (start == 1 && validators == 1) test::require_success(f.group->backup(0, again));
    }
    expected["key0"] = "0";
  }
  BOOST_TEST(test::content_of(backup) == bytes);
  // And once more, from the backup of a restored one.
  const auto restored = restore_group(again, folder.path() / "third");
  test::require_success(restored);
  BOOST_TEST(restored->epoch == 2U);
  GroupFixture f{{.validators = 1, .folder = folder.path() / "third"}};
  expected["key0"] = "anew";
  BOOST_TEST((all_of(f) == expected));
}

BOOST_AUTO_TEST_CASE(what_was_executed_before_the_backup_is_not_executed_again) {
  const test::TemporaryDirectory folder;
  const consensus::ClientId client = 77;
  consensus::Sequence sequence = 0;
  {
    GroupFixture f{{.validators = 1, .folder = folder.path() / "group"}, {.client = client}};
    f.get(f.memory.add("n", 1));
    test::require_success(f.group->backup(0, folder.path() / "backup"));
  }
  test::require_success(restore_group(folder.path() / "backup", folder.path() / "new"));
  const auto store = validator::StateStore::open(folder.path() / "new" / "validator0" / "state");
  test::require_success(store);
  consensus::StateMachine machine;
  test::require_success(store->load(machine));
  // A session's numbers begin with the clock: found by what is remembered of the client.
  const auto remembers = [&](consensus::Sequence at) { return machine.outcome_of(client, at).has_value(); };
  BOOST_TEST(machine.read("n").number == 1);
  const std::vector<std::byte> snapshot = machine.snapshot();
  const std::string_view text{reinterpret_cast<const char*>(snapshot.data()), snapshot.size()};
  // The session's cell: its key is the client, highest byte first, and a place; the number behind it the sequence.
  const std::string key{"\0\0\0\0\0\0\0\x4d", 8};
  const std::size_t at = text.find(key);
  BOOST_REQUIRE(at != std::string_view::npos);
  std::memcpy(&sequence, text.data() + at + 9 + 1, sizeof sequence);
  BOOST_TEST(remembers(sequence));
  const consensus::Transaction add = consensus::Transaction::add("n", 1);
  const std::vector<std::byte> batch = consensus::write_batch(client, sequence, {&add, 1});
  const auto outcome = machine.apply(consensus::OrderedBatches{machine.applied() + 1, machine.time() + 1, {batch}});
  test::require_success(outcome);
  BOOST_TEST((outcome->batches.at(0).verdict == consensus::Verdict::duplicate));
  BOOST_TEST(machine.read("n").number == 1);
}

BOOST_AUTO_TEST_CASE(a_backup_taken_under_load_is_restored_to_some_state_that_was) {
  const test::TemporaryDirectory folder;
  {
    GroupFixture f{{.folder = folder.path() / "group"}};
    std::atomic<bool> is_done{false};
    std::atomic<bool> has_failed{false};
    std::thread load{[&] {
      // Each call sets both keys, in one commit.
      for (int i = 1; !is_done; ++i) {
        const std::string value = std::to_string(i);
        const std::array operations{consensus::Transaction::put("a", value), consensus::Transaction::put("b", value)};
        // Boost.Test's macros are for one thread.
        if (!f.mesh.ask(f.memory.execute(operations), test::kLimit)) has_failed = true;
      }
    }};
    for (int i = 0; i < 5; ++i) test::require_success(f.group->backup(i % 4, folder.path() / std::to_string(i)));
    is_done = true;
    load.join();
    BOOST_TEST(!has_failed);
  }
  for (int i = 0; i < 5; ++i) {
    const auto target = folder.path() / ("restored" + std::to_string(i));
    test::require_success(restore_group(folder.path() / std::to_string(i), target, 1));
    GroupFixture f{{.validators = 1, .folder = target}};
    const auto all = all_of(f);
    if (!all.empty()) BOOST_TEST(all.at("a") == all.at("b"));
  }
}

BOOST_AUTO_TEST_CASE(what_cannot_be_restored_is_refused_and_leaves_nothing) {
  const test::TemporaryDirectory folder;
  const auto backup = folder.path() / "backup", target = folder.path() / "target";
  {
    GroupFixture f{{.validators = 1, .folder = folder.path() / "group"}};
    f.get(f.memory.put("key", "value"));
    test::require_success(f.group->backup(0, backup));
  }
  const auto is_clean = [&] { return !std::filesystem::exists(target) || std::filesystem::is_empty(target); };
  std::string damaged = test::content_of(backup);
  damaged[damaged.size() / 2] ^= 1;
  BOOST_TEST((code_of(restore_group(folder.write("damaged", damaged), target)) == Errc::corrupt_file));
  BOOST_TEST(is_clean());
  damaged.resize(damaged.size() - 5000);
  BOOST_TEST((code_of(restore_group(folder.write("cut", damaged), target)) == Errc::corrupt_file));
  BOOST_TEST(is_clean());
  BOOST_TEST((code_of(restore_group(folder.path() / "none", target)) == Errc::not_found));
  BOOST_TEST((code_of(restore_group(backup, target, 65)) == Errc::invalid_argument));
  BOOST_TEST(is_clean());
  BOOST_TEST((code_of(restore_group(backup, folder.path() / "group")) == Errc::invalid_argument));
  BOOST_TEST((code_of(restore_group(backup, folder.path() / "none" / "target")) == Errc::not_found));
  const auto file = folder.write("file", "mine");
  BOOST_TEST(!restore_group(backup, file).has_value());
  BOOST_TEST(test::content_of(file) == "mine");
  // What was left of a broken-off one is not overwritten.
  std::filesystem::create_directory(target);
  std::ofstream{target / "restoring"};
  const auto refused = restore_group(backup, target);
  BOOST_REQUIRE(!refused.has_value());
  BOOST_TEST(refused.error().message.find("broken off") != std::string::npos);
  Mesh mesh{{.workers = 1, .job_threads = 1}};
  const auto started = validator::ValidatorGroup::start(mesh, {.validators = 1, .folder = target});
  BOOST_REQUIRE(!started.has_value());
  BOOST_TEST(started.error().message.find("broken off") != std::string::npos);
}

namespace {

/// Begins a restore in a process of its own, which `prepare` is called in first.
template <class Prepare>
pid_t restore_apart(const std::filesystem::path& backup, const std::filesystem::path& target, Prepare prepare) {
  const pid_t child = ::fork();
  BOOST_REQUIRE(child >= 0);
  if (child == 0) {
    prepare();
    ::_exit(restore_group(backup, target, 4).has_value() ? 0 : 1);
  }
  return child;
}

/// How a process ended.
int end_of(pid_t child) {
  int status = 0;
  BOOST_REQUIRE(::waitpid(child, &status, 0) == child);
  return status;
}

/// Whether a group starts from the folder. If so, it must have everything; if not, it must have left it alone.
bool is_memory(const std::filesystem::path& target) {
  Mesh mesh{{.workers = 2, .job_threads = 4}};
  const auto started = validator::ValidatorGroup::start(mesh, {.validators = 4, .folder = target});
  if (!started) {
    BOOST_TEST(started.error().message.find("broken off") != std::string::npos);
    return false;
  }
  const Memory memory = Memory::start_session(mesh, started->directory());
  for (const char* const key : {"key0", "key49"}) {
    const auto found = mesh.ask(memory.get(key), kLimit);
    test::require_success(found);
    BOOST_TEST(found->has_value());
  }
  return true;
}

}  // namespace

BOOST_AUTO_TEST_CASE(one_that_is_killed_at_any_moment_leaves_a_memory_or_nothing_that_starts) {
  const test::TemporaryDirectory folder;
  const auto backup = folder.path() / "backup";
  {
    GroupFixture f{{.validators = 1, .folder = folder.path() / "group"}};
    for (int i = 0; i < 50; ++i) f.get(f.memory.put("key" + std::to_string(i), std::string(2000, 'x')));
    test::require_success(f.group->backup(0, backup));
  }
  // Killed by the system as it writes: at the first byte, in the middle, and where the state is saved.
  const std::uint64_t bytes = std::filesystem::file_size(backup) - 64;
  int number = 0;
  for (const std::uint64_t limit : {std::uint64_t{0}, std::uint64_t{5000}, bytes - 1, bytes}) {
    const auto target = folder.path() / std::to_string(++number);
    const int status = end_of(restore_apart(backup, target, [limit] {
      const rlimit none{0, 0}, most{limit, limit};
      ::setrlimit(RLIMIT_CORE, &none);
      ::setrlimit(RLIMIT_FSIZE, &most);
      std::signal(SIGXFSZ, SIG_DFL);
    }));
    BOOST_TEST((WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ), "with at most " << limit << " bytes a file");
    BOOST_TEST(!is_memory(target));
    BOOST_TEST((code_of(restore_group(backup, target)) == Errc::invalid_argument));
  }
  // Killed by somebody, once this much of it is there, or a little later.
  for (const char* const sight : {"restoring", "validator0/state", "validator0/key", "validator3/key",
                                  "validator1/state", "validator3/state", "beginning"}) {
    const auto target = folder.path() / std::to_string(++number);
    const pid_t child = restore_apart(backup, target, [] {});
    int status = 0;
    pid_t ended = 0;
    while (!std::filesystem::exists(target / sight) && (ended = ::waitpid(child, &status, WNOHANG)) == 0) continue;
    if (ended == 0) {
      ::kill(child, SIGKILL);
      status = end_of(child);
    }
    const bool is_whole = is_memory(target);
    if (WIFEXITED(status)) BOOST_TEST((is_whole && WEXITSTATUS(status) == 0));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace myelin
