// Validators that are replaced: their group agrees on it, and begins a new epoch.
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "../../support/comes_true.hpp"
#include "../../support/expect_success.hpp"
#include "../../support/temporary_directory.hpp"
#include "myelin/memory/memory.hpp"
#include "myelin/validator/committee_file.hpp"
#include "myelin/validator/group.hpp"
#include "myelin/validator/key_file.hpp"

namespace myelin {

namespace {

using namespace std::chrono_literals;
using validator::ValidatorGroup;

constexpr Duration kLimit = 60s;

struct Fixture {
  explicit Fixture(std::size_t validators = 4) : mesh{{.workers = 2, .job_threads = 4}}, size{validators} {}

  [[nodiscard]] Result<void> start(std::vector<std::size_t> left_out = {}) {
    stop();
    auto started =
        ValidatorGroup::start(mesh, {.validators = size, .folder = folder.path(), .left_out = std::move(left_out)});
    if (!started) return tl::unexpected{started.error()};
    group.emplace(std::move(*started));
    memory = Memory::start_session(mesh, group->directory(), {.patience = 100ms});
    return {};
  }
  void stop() { group.reset(); }
  void put(const std::string& key) { test::require_success(mesh.ask(memory.put(key, "1"), kLimit)); }
  [[nodiscard]] bool has(const std::string& key) {
    const auto found = mesh.ask(memory.get(key), kLimit);
    test::require_success(found);
    return found->has_value();
  }
  [[nodiscard]] std::int64_t number(const std::string& key) {
    const auto found = mesh.ask(memory.get(key), kLimit);
    test::require_success(found);
    return found->has_value() ? (*found)->number() : 0;
  }
  [[nodiscard]] std::filesystem::path folder_of(std::size_t i) const {
    return folder.path() / ("validator" + std::to_string(i));
  }
  [[nodiscard]] validator::CommitteeFile committee() const {
    auto file = validator::load_committee_file(folder.path() / "committee.toml");
    test::require_success(file);
    return *file;
  }
  /// That it is there, and that the others can do without one of themselves for it.
  void require_voting(std::size_t validator, std::size_t other) {
    group->crash(other);
    put("without " + std::to_string(other));
    const consensus::CommitIndex there = group->status(validator == 0 ? 1 : 0).executed;
    BOOST_TEST(test::comes_true([&] { return group->status(validator).executed >= there; }));
    BOOST_TEST(group->status(validator).halted.empty());
    test::require_success(group->restart(other));
  }

  test::TemporaryDirectory folder;
  Mesh mesh;
  std::size_t size;
  std::optional<ValidatorGroup> group;
  Memory memory;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(epochs)

BOOST_AUTO_TEST_CASE(one_whose_disk_was_lost_comes_back_with_a_new_key) {
  Fixture f;
  test::require_success(f.start());
  f.put("before");
  f.stop();
  const auto old = f.committee();
  std::filesystem::remove_all(f.folder_of(2));
  BOOST_TEST(!f.start());
  test::require_success(f.start({2}));
  f.put("while it is gone");
  test::require_success(f.group->replace(2));
  BOOST_TEST(test::comes_true([&] { return f.group->status(2).epoch == 1; }));
  f.put("after");
  f.require_voting(2, 1);
  const auto now = f.committee();
  BOOST_TEST(now.epoch == 1U);
  BOOST_TEST((now.members[2].public_key != old.members[2].public_key));
  BOOST_TEST((now.members[3].public_key == old.members[3].public_key));
  // It is the same group when it starts again.
  test::require_success(f.start());
  for (const char* key : {"before", "while it is gone", "after"}) BOOST_TEST(f.has(key), key);
  BOOST_TEST(test::comes_true([&] { return f.group->status(0).epoch == 1; }));
}

BOOST_AUTO_TEST_CASE(calls_wait_and_are_executed_once_while_all_are_replaced_one_after_the_other) {
  Fixture f;
  test::require_success(f.start());
  std::atomic<bool> is_over = false;
  std::int64_t added = 0;
  std::thread writer{[&] {
    while (!is_over) {
      if (!f.mesh.ask(f.memory.add("sum", 1), kLimit)) break;
      ++added;
    }
  }};
  std::vector<Result<void>> replaced;
  for (std::size_t i = 0; i < 4; ++i) replaced.push_back(f.group->replace(i));
  is_over = true;
  writer.join();
  for (const auto& each : replaced) test::require_success(each);
  BOOST_TEST(added > 0);
  BOOST_TEST(f.number("sum") == added);
  BOOST_TEST(f.committee().epoch == 4U);
  // Of the epochs before nothing is left but what the last started from.
  BOOST_TEST(!std::filesystem::exists(f.folder_of(0) / "log-3"));
  BOOST_TEST(!std::filesystem::exists(f.folder_of(0) / "key.next"));
  test::require_success(f.start());
  BOOST_TEST(f.number("sum") == added);
}

BOOST_AUTO_TEST_CASE(who_was_away_when_an_epoch_ended_starts_from_a_copy) {
  Fixture f{7};
  test::require_success(f.start());
  f.put("before");
  f.group->crash(6);
  f.put("meanwhile");
  test::require_success(f.group->replace(5));
  f.put("after");
  test::require_success(f.group->restart(6));
  f.put("again");
  const consensus::CommitIndex there = f.group->status(0).executed;
  BOOST_TEST(test::comes_true([&] { return f.group->status(6).executed >= there && f.group->status(6).epoch == 1U; }));
  BOOST_TEST(f.group->status(6).halted.empty());
}

BOOST_AUTO_TEST_CASE(without_a_quorum_nobody_is_replaced_until_there_is_one) {
  Fixture f;
  test::require_success(f.start());
  f.put("before");
  f.group->crash(3);
  const auto refused = f.group->replace(2, 300ms);
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().code == Errc::timeout));
  test::require_success(f.group->restart(3));
  // What was asked for then may take effect now, with the same new key.
  test::require_success(f.group->replace(2));
  f.put("after");
  f.require_voting(2, 0);
  BOOST_TEST(f.has("before"));
  BOOST_TEST(f.committee().epoch == 1U);
}

BOOST_AUTO_TEST_CASE(an_epoch_that_ends_when_nobody_waits_for_it_any_more_is_followed_by_the_next) {
  Fixture f;
  test::require_success(f.start());
  f.put("before");
  f.group->crash(3);
  BOOST_REQUIRE(!f.group->replace(2, 300ms));
  // With a quorum, what was asked for is agreed on.
  test::require_success(f.group->restart(3));
  f.put("after");
  BOOST_TEST(test::comes_true([&] { return f.group->status(0).epoch == 1; }));
  BOOST_TEST(f.committee().epoch == 1U);
  test::require_success(f.group->restart(2));
  f.require_voting(2, 0);
}

BOOST_AUTO_TEST_CASE(one_that_cannot_start_holds_up_no_other) {
  Fixture f;
  test::require_success(f.start());
  f.put("before");
  // Where its next log would be.
  std::filesystem::create_directory(f.folder_of(1) / "log-1");
  const auto replaced = f.group->replace(2);
  BOOST_REQUIRE(!replaced);
  BOOST_TEST(replaced.error().message.find("log-1") != std::string::npos, replaced.error().message);
  BOOST_TEST(f.group->status(1).halted == replaced.error().message);
  f.put("meanwhile");
  BOOST_TEST(test::comes_true([&] { return f.group->status(1).executed < f.group->status(0).executed; }));
  std::filesystem::remove(f.folder_of(1) / "log-1");
  test::require_success(f.group->restart(1));
  f.require_voting(1, 0);
  f.require_voting(2, 3);
}

BOOST_AUTO_TEST_CASE(a_new_key_that_has_not_voted_yet_can_begin_later) {
  Fixture f;
  test::require_success(f.start());
  f.put("before");
  f.stop();
  std::filesystem::remove_all(f.folder_of(2));
  test::require_success(f.start({2}));
  // It has a new key and a state then, and no log.
  std::filesystem::create_directories(f.folder_of(2) / "log-1");
  BOOST_TEST(!f.group->replace(2));
  f.put("without it");
  std::filesystem::remove(f.folder_of(2) / "log-1");
  // Nor a state, where the process was killed before.
  std::filesystem::remove(f.folder_of(2) / "state");
  test::require_success(f.group->restart(2));
  f.require_voting(2, 1);
}

BOOST_AUTO_TEST_CASE(a_disk_that_is_lost_in_a_later_epoch_is_noticed) {
  Fixture f;
  test::require_success(f.start());
  test::require_success(f.group->replace(3));
  f.put("before");
  f.stop();
  // All but the key, which has voted.
  for (const char* gone : {"state", "state-lock", "log-1", "start-1"}) std::filesystem::remove(f.folder_of(0) / gone);
  for (int twice = 0; twice < 2; ++twice) {
    const auto refused = f.start();
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().code == Errc::corrupt_file));
    BOOST_TEST(refused.error().message.find("validator 0") != std::string::npos, refused.error().message);
  }
  test::require_success(f.start({0}));
  test::require_success(f.group->replace(0));
  f.require_voting(0, 2);
  BOOST_TEST(f.has("before"));
}

BOOST_AUTO_TEST_CASE(a_group_that_keeps_nothing_or_just_begins_is_told_so) {
  Mesh mesh{{.workers = 2}};
  auto in_memory = ValidatorGroup::start(mesh, {.validators = 4});
  test::require_success(in_memory);
  BOOST_TEST((in_memory->replace(0).error().code == Errc::invalid_argument));
  Fixture f;
  const auto begun = f.start({1});
  BOOST_REQUIRE(!begun);
  BOOST_TEST((begun.error().code == Errc::invalid_argument));
}

BOOST_AUTO_TEST_CASE(another_key_than_the_committee_s_is_refused) {
  Fixture f;
  test::require_success(f.start());
  f.put("key");
  f.stop();
  std::filesystem::remove(f.folder_of(1) / "key");
  test::require_success(validator::create_key_file(f.folder_of(1) / "key"));
  const auto refused = f.start();
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().code == Errc::invalid_argument));
  BOOST_TEST(refused.error().message.find("validator 1") != std::string::npos, refused.error().message);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace myelin
