// LMDB's own writes and syncs fail, one after the other: a save is told, and leaves the state before it.
#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "disk_faults.hpp"
#include "harness.hpp"
#include "myelin/validator/state_store.hpp"
#include "temporary_directory.hpp"

using namespace myelin;
using namespace myelin::validator;
using namespace myelin::consensus;
using consensus::test::Machine;
using myelin::test::DiskFaults;
using myelin::test::TemporaryDirectory;
using T = Transaction;

namespace {

constexpr ExecutionOptions kTracking{.executor = Executor::sequential, .tracks_unsaved = true};
constexpr std::array kErrors{EIO, ENOSPC};

void put_many(Machine& machine, int count, const std::string& value) {
  std::vector<std::string> keys;
  for (int i = 0; i < count; ++i) keys.push_back("key" + std::to_string(i));
  std::vector<Transaction> transactions;
  for (const std::string& key : keys) transactions.push_back(T::put(key, value));
  machine.run(transactions);
}

StateStore open(const std::filesystem::path& path) {
  auto opened = StateStore::open(path);
  BOOST_REQUIRE_MESSAGE(opened.has_value(), (opened ? "" : opened.error().message));
  return std::move(*opened);
}

/// What the file has: its root is compared with what it was saved with.
IndexedDigest state_of(const StateStore& store) {
  Machine machine{kTracking};
  const auto loaded = store.load(*machine);
  BOOST_REQUIRE_MESSAGE(loaded.has_value(), (loaded ? "" : loaded.error().message));
  return machine->state();
}

/// A file with a state, and what leads to the next.
struct Fixture {
  Fixture() {
    StateStore store = open(saved);
    Machine machine{kTracking};
    put_many(machine, 300, "before");
    BOOST_REQUIRE(store.save(machine->take_changes(), {}).has_value());
    before = machine->state();
    put_many(machine, 300, std::string(2000, 'x'));
    delta = machine->take_changes();
    after = machine->state();
  }
  /// The file as it was, under another name.
  [[nodiscard]] std::filesystem::path copy() const {
    const std::filesystem::path path = folder.path() / "copy" / "state";
    std::filesystem::remove_all(path.parent_path());
    std::filesystem::create_directories(path.parent_path());
    std::filesystem::copy_file(saved, path);
    return path;
  }

  /// Saves with a failure at that call, and then again without. False: there are not so many calls.
  [[nodiscard]] bool fails_and_is_made_up_for(std::uint64_t number, int error) const {
    const std::filesystem::path path = copy();
    std::optional<StateStore> store{open(path)};
    std::optional<DiskFaults> faults{std::in_place, "copy/state", number, error};
    const auto done = store->save(delta, {});
    const bool has_failed = faults->has_failed();
    faults.reset();
    BOOST_REQUIRE(done.has_value() == !has_failed);
    if (!has_failed) return false;
    BOOST_TEST((done.error().code == Errc::io_error));
    BOOST_TEST(done.error().message.find(path.string()) != std::string::npos, done.error().message);
    // Where the new root may be half written, LMDB does nothing more before it is opened again, and says so.
    Machine machine{kTracking};
    if (const auto loaded = store->load(*machine); !loaded) {
      BOOST_TEST(loaded.error().message.find("start again") != std::string::npos, loaded.error().message);
      const auto again = store->save(delta, {});
      BOOST_REQUIRE(!again.has_value());
      BOOST_TEST(again.error().message.find("start again") != std::string::npos, again.error().message);
      store.reset();
      store.emplace(open(path));
    }
    BOOST_TEST((state_of(*store) == before));
    BOOST_REQUIRE(store->save(delta, {}).has_value());
    BOOST_TEST((state_of(*store) == after));
    store.reset();
    BOOST_TEST((state_of(open(path)) == after));
    return true;
  }

  TemporaryDirectory folder;
  std::filesystem::path saved = folder.path() / "state";
  IndexedDigest before, after;
  StateDelta delta;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(state_store_on_a_bad_disk, Fixture)

BOOST_AUTO_TEST_CASE(a_save_that_fails_at_any_call_is_told_and_leaves_the_state_before) {
  for (const int error : kErrors) {
    std::uint64_t failures = 0;
    while (fails_and_is_made_up_for(failures + 1, error)) ++failures;
    BOOST_TEST(failures >= 3U);  // pages, a sync, the new root
    BOOST_TEST_MESSAGE("failed at each of " << failures << " calls with " << error);
  }
}

BOOST_AUTO_TEST_CASE(a_file_that_cannot_be_opened_for_writing_is_told_and_keeps_what_it_has) {
  for (std::uint64_t number = 1;; ++number) {
    const std::filesystem::path path = copy();
    bool has_failed = false;
    {
      const DiskFaults faults{"copy/state", number, EIO};
      const auto opened = StateStore::open(path);
      has_failed = faults.has_failed();
      BOOST_REQUIRE(opened.has_value() == !has_failed);
      if (!opened) BOOST_TEST((opened.error().code == Errc::io_error));
    }
    BOOST_TEST((state_of(open(path)) == before));
    if (has_failed) continue;
    BOOST_TEST(number > 2U);
    break;
  }
}

BOOST_AUTO_TEST_CASE(a_backup_that_fails_at_any_call_leaves_no_file) {
  const StateStore store = open(saved);
  const std::filesystem::path backup = folder.path() / "backup";
  for (std::uint64_t number = 1;; ++number) {
    const DiskFaults faults{"backup.partial", number, EIO};
    const auto taken = store.backup(backup);
    BOOST_REQUIRE(taken.has_value() == !faults.has_failed());
    BOOST_TEST(std::filesystem::exists(backup) == taken.has_value());
    BOOST_TEST(!std::filesystem::exists(folder.path() / "backup.partial"));
    if (!taken) {
      BOOST_TEST((taken.error().code == Errc::io_error));
      continue;
    }
    BOOST_TEST(number > 2U);
    break;
  }
  BOOST_TEST((state_of(StateStore::restore(backup, folder.path() / "restored").value()) == before));
}

BOOST_AUTO_TEST_SUITE_END()
