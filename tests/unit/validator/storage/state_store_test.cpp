// The state in its file: what was saved is what is loaded and shown, as a whole or not at all, whatever happens.
#include "myelin/validator/state_store.hpp"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <fstream>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <thread>

#include "harness.hpp"
#include "random_transactions.hpp"
#include "small_file_system.hpp"
#include "temporary_directory.hpp"

using namespace myelin;
using namespace myelin::validator;
using namespace myelin::consensus;
using consensus::test::Bytes;
using consensus::test::Machine;
using consensus::test::Random;
using consensus::test::RandomTransactions;
using myelin::test::content_of;
using myelin::test::SmallFileSystem;
using myelin::test::TemporaryDirectory;
using T = Transaction;

namespace {

constexpr ExecutionOptions kTracking{.executor = Executor::sequential, .tracks_unsaved = true};

struct Fixture {
  TemporaryDirectory folder;
  std::filesystem::path path = folder.path() / "state";

  [[nodiscard]] StateStore open(const StoreOptions& options = {}) const {
    auto opened = StateStore::open(path, options);
    BOOST_REQUIRE_MESSAGE(opened.has_value(), (opened ? "" : opened.error().message));
    return std::move(*opened);
  }
  static void save(StateStore& store, Machine& machine) {
    const auto saved = store.save(machine->take_changes(), {});
    BOOST_REQUIRE_MESSAGE(saved.has_value(), (saved ? "" : saved.error().message));
  }
  static Machine load(const StateStore& store) {
    Machine machine{kTracking};
    const auto loaded = store.load(*machine);
    BOOST_REQUIRE_MESSAGE(loaded.has_value(), (loaded ? "" : loaded.error().message));
    return machine;
  }
};

bool says(const Error& error, std::string_view part) { return error.message.find(part) != std::string::npos; }

/// Sets `count` keys to `value`.
void put_many(Machine& machine, int count, const std::string& value) {
  std::vector<std::string> keys;
  for (int i = 0; i < count; ++i) keys.push_back("key" + std::to_string(i));
  std::vector<Transaction> transactions;
  for (const std::string& key : keys) transactions.push_back(T::put(key, value));
  machine.run(transactions);
}

using Shown = std::map<std::string, Value>;
Shown all_of(const StateStore::View& view, std::string_view first = {}, std::string_view end = {}) {
  Shown shown;
  std::string before;
  const auto done = view.range(first, end, [&](std::string_view key, const Cell& cell) {
    BOOST_TEST((shown.empty() || before < key));
    BOOST_TEST((reinterpret_cast<std::uintptr_t>(cell.bytes.data()) % 8 == 0));
    before = key;
    shown[before] = cell.to_value();
    return true;
  });
  BOOST_TEST(done.has_value());
  return shown;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(state_store, Fixture)

BOOST_AUTO_TEST_CASE(what_was_saved_is_loaded_again) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    path = folder.path() / ("state" + std::to_string(seed));
    Machine machine{kTracking};
    RandomTransactions source{seed, {.keys = seed % 2 == 0 ? 10U : 500U, .clients = 20}};
    std::optional<StateStore> store{open()};
    Sequence sequence = 0;
    for (int commit = 0; commit < 60; ++commit) {
      std::vector<Transaction> transactions;
      for (std::uint64_t n = source.random().below(50); n > 0; --n) transactions.push_back(source.next());
      machine.commit({write_batch(source.client(), ++sequence, transactions)});
      source.clear();
      if (!source.random().one_in(5)) continue;
      save(*store, machine);
      if (source.random().one_in(2)) {
        store.reset();
        store.emplace(open());
      }
      Machine loaded = load(*store);
      BOOST_TEST((loaded->state() == machine->state()));
      BOOST_TEST((loaded->snapshot() == machine->snapshot()));
      BOOST_TEST(loaded->take_changes().cells.empty());
      const StateStore::View view = store->view().value();
      for (const auto& [key, value] : all_of(view)) BOOST_TEST((machine->read(key) == value));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_new_one_holds_nothing_and_is_its_owners) {
  const StateStore store = open();
  struct stat status {};
  BOOST_REQUIRE(::stat(path.c_str(), &status) == 0);
  BOOST_TEST((status.st_mode & 07777) == 0600U);
  Machine machine = load(store);
  BOOST_TEST(machine->applied() == 0U);
  const StateStore::View view = store.view().value();
  BOOST_TEST((view.fields().value() == StateFields{}));
  BOOST_TEST(view.epochs()->empty());
  BOOST_TEST(all_of(view).empty());
  BOOST_TEST((view.get("a")->kind == ValueKind::absent));
  BOOST_TEST((StateStore::open(folder.path() / "none" / "state").error().code == Errc::not_found));
}

BOOST_AUTO_TEST_CASE(values_are_shown_in_place_at_whole_words_whatever_their_size) {
  StateStore store = open();
  Machine machine{kTracking};
  Random random{3};
  std::map<std::string, std::string> model;
  for (int round = 0; round < 30; ++round) {
    std::vector<std::string> texts;
    texts.reserve(400);
    std::vector<Transaction> transactions;
    for (int i = 0; i < 100; ++i) {
      // Also keys that differ in zeros at their ends, and values beyond what LMDB keeps in a page of keys.
      std::string key(1 + random.below(random.one_in(10) ? limits::kKeyBytesMax : 12),
                      static_cast<char>(random.one_in(2) ? 0 : 'a'));
      if (random.one_in(2)) key.back() = static_cast<char>('a' + random.below(3));
      std::string value(random.below(random.one_in(10) ? 20'000 : 300), static_cast<char>('a' + random.below(26)));
      texts.push_back(key);
      texts.push_back(value);
      const std::string& kept_key = texts[texts.size() - 2];
      if (random.one_in(3)) {
        transactions.push_back(T::erase(kept_key));
        model.erase(key);
      } else {
        transactions.push_back(T::put(kept_key, texts.back()));
        model[key] = value;
      }
    }
    machine.run(transactions);
    save(store, machine);
    const StateStore::View view = store.view().value();
    std::size_t seen = 0;
    for (const auto& [key, value] : all_of(view)) {
      BOOST_TEST((model.at(key) == value.bytes));
      ++seen;
    }
    BOOST_TEST(seen == model.size());
    for (const auto& [key, value] : model) {
      const Cell cell = view.get(key).value();
      BOOST_TEST((cell.bytes == value));
      BOOST_TEST((reinterpret_cast<std::uintptr_t>(cell.bytes.data()) % 8 == 0));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_range_is_of_the_keys_between_in_their_order) {
  using namespace std::string_literals;
  StateStore store = open();
  Machine machine{kTracking};
  const std::string longest(limits::kKeyBytesMax, 'm');
  const std::vector<std::string> keys = {"a", "a\0"s, "a\0\0\0\0\0\0\0"s, "a\1"s, "ab", "b", longest, "\xff"s};
  std::vector<Transaction> transactions;
  for (const std::string& key : keys) transactions.push_back(T::put(key, "v"));
  machine.run(transactions);
  save(store, machine);
  const StateStore::View view = store.view().value();
  const auto range = [&](std::string_view first, std::string_view end) {
    std::vector<std::string> found;
    for (const auto& [key, value] : all_of(view, first, end)) found.push_back(key);
    return found;
  };
  const auto some = [&](std::size_t begin, std::size_t end) {
    return std::vector<std::string>(keys.begin() + static_cast<std::ptrdiff_t>(begin),
                                    keys.begin() + static_cast<std::ptrdiff_t>(end));
  };
  BOOST_TEST((range("", "") == keys));
  BOOST_TEST((range("a", "b") == some(0, 5)));
  BOOST_TEST((range("a\0"s, "") == some(1, 8)));
  BOOST_TEST((range("aa", "c") == some(4, 6)));
  BOOST_TEST((range(longest, longest + "\0"s) == some(6, 7)));
  BOOST_TEST((range(longest + "\0"s, "") == some(7, 8)));
  BOOST_TEST((range("b", "a").empty()));
  BOOST_TEST((range("\xff\xff"s, "").empty()));
  int visits = 0;
  BOOST_TEST(view.range("", "", [&](std::string_view, const Cell&) { return ++visits < 3; }).has_value());
  BOOST_TEST(visits == 3);
  BOOST_TEST((view.get(longest + "m")->kind == ValueKind::absent));
  BOOST_TEST((view.get("")->kind == ValueKind::absent));
}

BOOST_AUTO_TEST_CASE(what_has_ended_is_not_shown_even_where_it_is_still_stored) {
  StateStore store = open();
  Machine machine{kTracking};
  std::vector<std::string> keys(3 * limits::kEndedKeysPerCommit);
  std::vector<Transaction> puts;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    puts.push_back(T::put(keys[i] = "key" + std::to_string(i), "x", Machine::kStep));
  }
  machine.run(puts);
  machine.run(T::put("stays", "x"));
  save(store, machine);
  BOOST_TEST(machine->key_count() > 1U);
  const StateStore::View view = store.view().value();
  BOOST_TEST(all_of(view).size() == 1U);
  for (const std::string& key : keys) BOOST_REQUIRE((view.get(key)->kind == ValueKind::absent));
  // Who loads it takes the rest out at the same commits.
  Machine loaded{kTracking};
  BOOST_REQUIRE(store.load(*loaded).has_value());
  loaded.set_time(machine.time());
  for (int i = 0; i < 3; ++i) {
    loaded.commit({});
    machine.commit({});
    BOOST_TEST((loaded->state() == machine->state()));
  }
  BOOST_TEST(loaded->key_count() == 1U);
}

BOOST_AUTO_TEST_CASE(a_lease_that_is_over_is_not_shown) {
  StateStore store = open();
  Machine machine{kTracking};
  machine.run(7, {T::claim("short", Machine::kStep), T::claim("long", limits::kLeaseMax), T::add("n", 5),
                  T::put("text", "x", Machine::kStep)});
  save(store, machine);
  StateStore::View view = store.view().value();
  BOOST_TEST(all_of(view).size() == 4U);
  BOOST_TEST(view.get("short")->holder == 7U);
  BOOST_TEST(view.get("text")->expires == Machine::kStart + Machine::kStep);
  machine.run(T::add("n", 1));
  save(store, machine);
  BOOST_TEST(all_of(view).size() == 4U);
  BOOST_REQUIRE(view.refresh().has_value());
  BOOST_TEST(all_of(view).size() == 2U);
  BOOST_TEST((view.get("short")->kind == ValueKind::absent));
  BOOST_TEST((view.get("long")->kind == ValueKind::lease));
  BOOST_TEST((view.get("n")->number == 6));
}

BOOST_AUTO_TEST_CASE(a_view_stays_as_it_was_until_it_is_refreshed) {
  StateStore store = open();
  Machine machine{kTracking};
  put_many(machine, 200, "old");
  save(store, machine);
  StateStore::View view = store.view().value();
  const Cell in_place = view.get("key7").value();
  for (int i = 0; i < 20; ++i) {
    put_many(machine, 200, "new");
    save(store, machine);
  }
  BOOST_TEST(in_place.bytes == "old");
  BOOST_TEST(view.fields()->applied == 1U);
  for (const auto& [key, value] : all_of(view)) BOOST_TEST(value.bytes == "old");
  BOOST_REQUIRE(view.refresh().has_value());
  BOOST_TEST(view.fields()->applied == 21U);
  BOOST_TEST(view.get("key7")->bytes == "new");
}

BOOST_AUTO_TEST_CASE(views_are_read_by_other_threads_while_saves_go_on) {
  StateStore store = open();
  Machine machine{kTracking};
  put_many(machine, 50, "0");
  save(store, machine);
  std::atomic<bool> is_done{false};
  std::atomic<std::uint64_t> looks{0}, torn{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      auto view = store.view();
      do {
        std::string first;
        bool is_whole = view.has_value();
        is_whole = is_whole && view->range("", "", [&](std::string_view, const Cell& cell) {
          if (first.empty()) first = cell.bytes;
          is_whole = is_whole && first == cell.bytes;
          return true;
        });
        torn += is_whole ? 0 : 1;
        ++looks;
        torn += view->refresh() ? 0 : 1;
      } while (!is_done);
    });
  }
  for (int i = 1; i <= 50; ++i) {
    put_many(machine, 50, std::to_string(i));
    save(store, machine);
  }
  is_done = true;
  for (std::thread& reader : readers) reader.join();
  BOOST_TEST(looks > 1U);
  BOOST_TEST(torn == 0U);
}

BOOST_AUTO_TEST_CASE(a_delta_is_saved_only_on_the_state_that_it_starts_from) {
  StateStore store = open();
  Machine machine{kTracking};
  machine.run(T::put("a", "1"));
  const StateDelta first = machine->take_changes();
  machine.run(T::put("b", "2"));
  const StateDelta second = machine->take_changes();
  const auto early = store.save(second, {});
  BOOST_REQUIRE(!early.has_value());
  BOOST_TEST((early.error().code == Errc::invalid_argument));
  BOOST_TEST(store.save(first, {}).has_value());
  BOOST_TEST(!store.save(first, {}).has_value());
  BOOST_TEST(store.save(second, {}).has_value());
  BOOST_TEST((load(store)->state() == machine->state()));
}

BOOST_AUTO_TEST_CASE(a_state_that_was_restored_replaces_what_was_stored) {
  StateStore store = open();
  Machine machine{kTracking}, other;
  put_many(machine, 100, "mine");
  save(store, machine);
  other.run(9, {T::put("theirs", "1")});
  other.run(9, {T::put("theirs", "2")});
  BOOST_REQUIRE(machine->restore(other->snapshot(), other->state()).has_value());
  save(store, machine);
  Machine loaded = load(store);
  BOOST_TEST((loaded->snapshot() == other->snapshot()));
  BOOST_TEST(loaded->applied() == 2U);
}

BOOST_AUTO_TEST_CASE(epochs_are_kept) {
  Machine machine{kTracking};
  const std::vector<PublicKey> keys(1, PublicKey{{1, 2, 3}});
  const auto approvals = consensus::test::approvals(0, keys);
  machine.run(T::reconfigure(0, keys, approvals));
  const std::vector<EpochRecord> epochs = {
      {0, {}, 17, std::vector<PublicKey>(4, PublicKey{{9}})},
      {1, {Digest{{1}}, Digest{{2}}, 17, -5}, 0, keys},
  };
  {
    StateStore store = open();
    BOOST_REQUIRE(store.save(machine->take_changes(), epochs).has_value());
  }
  const StateStore store = open();
  const auto found = store.view()->epochs().value();
  BOOST_REQUIRE(found.size() == 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    BOOST_TEST(found[i].epoch == epochs[i].epoch);
    BOOST_TEST(found[i].last == epochs[i].last);
    BOOST_TEST((found[i].validators == epochs[i].validators));
    BOOST_TEST((found[i].start.commit == epochs[i].start.commit));
    BOOST_TEST((found[i].start.state_root == epochs[i].start.state_root));
    BOOST_TEST(found[i].start.index == epochs[i].start.index);
    BOOST_TEST(found[i].start.time == epochs[i].start.time);
  }
  Machine loaded = load(store);
  BOOST_TEST(loaded->has_ended());
  BOOST_TEST((std::vector(loaded->next_validators().begin(), loaded->next_validators().end()) == keys));
}

BOOST_AUTO_TEST_CASE(a_file_at_its_bound_says_so_and_keeps_the_state_before) {
  Machine machine{kTracking};
  StateDelta refused;
  {
    StateStore store = open({.bytes_max = 256 << 10});
    machine.run(T::put("a", "1"));
    save(store, machine);
    put_many(machine, 500, std::string(1000, 'x'));
    refused = machine->take_changes();
    const auto saved = store.save(refused, {});
    BOOST_REQUIRE(!saved.has_value());
    BOOST_TEST((saved.error().code == Errc::io_error));
    BOOST_TEST(says(saved.error(), path.string()));
    BOOST_TEST(says(saved.error(), "StoreOptions::bytes_max"));
    BOOST_TEST(load(store)->applied() == 1U);
  }
  StateStore store = open();
  BOOST_REQUIRE(store.save(refused, {}).has_value());
  BOOST_TEST((load(store)->state() == machine->state()));
}

BOOST_AUTO_TEST_CASE(a_full_disk_is_told_and_the_save_can_be_made_up_for) {
  const SmallFileSystem small{512};
  if (!small.is_mounted()) {
    BOOST_TEST_MESSAGE("skipped: this user may not mount a file system");
    return;
  }
  path = small.path() / "state";
  StateStore store = open();
  Machine machine{kTracking};
  machine.run(T::put("a", "1"));
  save(store, machine);
  put_many(machine, 700, std::string(1000, 'x'));
  const StateDelta delta = machine->take_changes();
  const auto saved = store.save(delta, {});
  BOOST_REQUIRE(!saved.has_value());
  BOOST_TEST((saved.error().code == Errc::io_error));
  BOOST_TEST((says(saved.error(), "No space left on device") || says(saved.error(), "the disk may be full")));
  BOOST_TEST(load(store)->applied() == 1U);
  BOOST_REQUIRE(small.resize(8192));
  BOOST_REQUIRE(store.save(delta, {}).has_value());
  BOOST_TEST((load(store)->state() == machine->state()));
  BOOST_REQUIRE(small.resize(static_cast<std::size_t>(std::filesystem::file_size(path) >> 10) + 300));
  const auto backup = store.backup(small.path() / "backup");
  BOOST_REQUIRE(!backup.has_value());
  BOOST_TEST((says(backup.error(), "No space left on device") || says(backup.error(), "the disk may be full")));
  BOOST_TEST(!std::filesystem::exists(small.path() / "backup"));
  BOOST_TEST(!std::filesystem::exists(small.path() / "backup.partial"));
}

// LMDB's lock file is written through memory: where the disk had no room for it, the process died of SIGBUS.
BOOST_AUTO_TEST_CASE(to_open_one_on_a_full_disk_is_an_error_and_no_crash) {
  constexpr int kOpened = 10;
  constexpr int kRefused = 11;
  int refused = 0;
  for (std::size_t free_kilobytes = 0; free_kilobytes <= 40; free_kilobytes += 4) {
    const SmallFileSystem small{64};
    if (!small.is_mounted()) {
      BOOST_TEST_MESSAGE("skipped: this user may not mount a file system");
      return;
    }
    std::ofstream{small.path() / "filler"} << std::string((64 - free_kilobytes) << 10, 'x');
    const pid_t child = ::fork();
    BOOST_REQUIRE(child >= 0);
    if (child == 0) ::_exit(StateStore::open(small.path() / "state").has_value() ? kOpened : kRefused);
    int status = 0;
    BOOST_REQUIRE(::waitpid(child, &status, 0) == child);
    BOOST_TEST_CONTEXT(free_kilobytes << " KiB were free") {
      BOOST_REQUIRE(WIFEXITED(status));
      BOOST_TEST((WEXITSTATUS(status) == kOpened || WEXITSTATUS(status) == kRefused));
    }
    refused += WEXITSTATUS(status) == kRefused ? 1 : 0;
  }
  BOOST_TEST(refused > 0);
}

BOOST_AUTO_TEST_CASE(a_process_killed_while_it_saves_leaves_the_old_state_or_the_new) {
  std::uint64_t told = 0;
  for (int kill = 0; kill < 8; ++kill) {
    std::array<int, 2> pipe{};
    BOOST_REQUIRE(::pipe(pipe.data()) == 0);
    const pid_t child = ::fork();
    BOOST_REQUIRE(child >= 0);
    if (child == 0) {
      auto store = StateStore::open(path);
      Machine machine{kTracking};
      bool good = store && store->load(*machine);
      while (good) {
        const std::uint64_t next = machine->applied() + 1;
        std::vector<std::string> keys;
        for (std::uint64_t i = 0; i < 300; ++i) keys.push_back("key" + std::to_string((next * 7 + i * 13) % 3000));
        const std::string value = std::to_string(next) + std::string(100, 'v');
        std::vector<Transaction> transactions;
        for (const std::string& key : keys) transactions.push_back(T::put(key, value));
        const Bytes batch = write_batch(next, 1, transactions);
        good = machine->apply(OrderedBatches{next, static_cast<WallTime>(next), {batch}}).has_value() &&
               store->save(machine->take_changes(), {}).has_value() && ::write(pipe[1], &next, sizeof next) > 0;
      }
      ::_exit(1);
    }
    for (int i = 0; i < 1 + 2 * kill; ++i) BOOST_REQUIRE(::read(pipe[0], &told, sizeof told) == sizeof told);
    ::kill(child, SIGKILL);
    BOOST_TEST(::waitpid(child, nullptr, 0) == child);
    ::close(pipe[1]);
    while (::read(pipe[0], &told, sizeof told) == sizeof told) continue;
    ::close(pipe[0]);
    Machine loaded = load(open());  // with the root that it was saved with
    BOOST_TEST((loaded->applied() == told || loaded->applied() == told + 1));
    told = loaded->applied();
  }
  BOOST_TEST(told > 60U);
}

BOOST_AUTO_TEST_CASE(a_backup_taken_while_saves_go_on_is_one_of_the_states) {
  StateStore store = open();
  Machine machine{kTracking};
  put_many(machine, 1000, "0");
  save(store, machine);
  const std::filesystem::path backup = folder.path() / "backup";
  std::atomic<bool> is_done{false};
  Result<void> taken;
  std::thread other{[&] {
    taken = store.backup(backup);
    is_done = true;
  }};
  for (int i = 1; i < 100 && !is_done; ++i) {
    put_many(machine, 1000, std::to_string(i));
    save(store, machine);
  }
  other.join();
  BOOST_REQUIRE_MESSAGE(taken.has_value(), (taken ? "" : taken.error().message));
  struct stat status {};
  BOOST_REQUIRE(::stat(backup.c_str(), &status) == 0);
  BOOST_TEST((status.st_mode & 07777) == 0600U);

  const std::string before = content_of(backup);
  const auto again = store.backup(backup);
  BOOST_REQUIRE(!again.has_value());
  BOOST_TEST((again.error().code == Errc::invalid_argument));
  BOOST_TEST(says(again.error(), backup.string()));
  BOOST_TEST(content_of(backup) == before);
  BOOST_TEST((store.backup(folder.path() / "none" / "backup").error().code == Errc::not_found));

  const auto opened = StateStore::open(backup);
  BOOST_REQUIRE(!opened.has_value());
  BOOST_TEST((opened.error().code == Errc::invalid_argument));
  const StateStore copy = StateStore::restore(backup, folder.path() / "copy").value();
  BOOST_TEST(content_of(backup) == before);
  Machine loaded = load(copy);
  BOOST_TEST(loaded->applied() >= 1U);
  const std::string value = loaded->read("key0").bytes;
  for (const auto& [key, shown] : all_of(copy.view().value())) BOOST_TEST(shown.bytes == value);
}

BOOST_AUTO_TEST_CASE(a_file_that_is_damaged_is_told) {
  {
    StateStore store = open();
    Machine machine{kTracking};
    put_many(machine, 50, "a value that is easily found");
    save(store, machine);
  }
  const std::string whole = content_of(path);
  const auto check = [&](const std::string& content, Errc code) {
    folder.write("state", content);
    const auto store = StateStore::open(path);
    Machine machine{kTracking};
    const auto loaded = store ? store->load(*machine) : tl::unexpected{store.error()};
    BOOST_REQUIRE(!loaded.has_value());
    BOOST_TEST((loaded.error().code == code));
    BOOST_TEST(says(loaded.error(), path.string()));
    BOOST_TEST(machine->applied() == 0U);
  };
  std::string flipped = whole;
  std::size_t found = 0;
  for (std::size_t at = 0; (at = flipped.find("easily", at)) != std::string::npos; ++at, ++found) flipped[at] ^= 1;
  BOOST_REQUIRE(found >= 50U);
  check(flipped, Errc::corrupt_file);
  check(whole.substr(0, whole.size() / 2), Errc::corrupt_file);
  check(std::string(100'000, 'x'), Errc::corrupt_file);
  for (const char version : {'2', '4'}) {
    std::string other = whole;
    while (other.find("myelin state 3") != std::string::npos) other[other.find("myelin state 3") + 13] = version;
    check(other, Errc::unsupported_version);
  }
}

BOOST_AUTO_TEST_CASE(a_backup_that_is_not_what_was_written_is_refused_wherever_it_differs) {
  StateStore store = open();
  Machine machine{kTracking};
  put_many(machine, 30, "value");
  save(store, machine);
  const std::filesystem::path backup = folder.path() / "backup", to = folder.path() / "restored";
  BOOST_REQUIRE(store.backup(backup).has_value());
  const std::string whole = content_of(backup);
  const auto code_of = [&](const std::string& content) {
    const auto restored = StateStore::restore(folder.write("other", content), to);
    BOOST_REQUIRE(!restored.has_value());
    BOOST_TEST(says(restored.error(), (folder.path() / "other").string()));
    BOOST_TEST(!std::filesystem::exists(to));
    return restored.error().code;
  };
  std::mt19937 random{7};
  for (std::size_t at = 0; at < whole.size(); at += at + 65 < whole.size() ? 1 + random() % 400 : 1) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ (1 << random() % 8));
    const Errc code = code_of(changed);
    BOOST_TEST((code == Errc::corrupt_file || code == Errc::unsupported_version));
  }
  for (std::size_t size = 0; size < whole.size(); size += 1 + random() % 500) {
    BOOST_TEST((code_of(whole.substr(0, size)) == Errc::corrupt_file));
  }
  BOOST_TEST((code_of(whole.substr(4096)) == Errc::corrupt_file));
  BOOST_TEST((code_of(whole + "x") == Errc::corrupt_file));
  BOOST_TEST((code_of(content_of(path)) == Errc::corrupt_file));  // a store, and no backup
  BOOST_TEST((StateStore::restore(folder.path() / "none", to).error().code == Errc::not_found));
  const auto taken = folder.write("taken", "mine");
  BOOST_TEST(!StateStore::restore(backup, taken).has_value());
  BOOST_TEST(content_of(taken) == "mine");
  BOOST_TEST((load(StateStore::restore(backup, to).value())->state() == machine->state()));
}

BOOST_AUTO_TEST_CASE(too_many_views_are_told) {
  const StateStore store = open({.views_max = 2});
  const auto first = store.view(), second = store.view(), third = store.view();
  BOOST_TEST(second.has_value());
  BOOST_REQUIRE(!third.has_value());
  BOOST_TEST((third.error().code == Errc::overloaded));
}

BOOST_AUTO_TEST_SUITE_END()
