// Validators that come back after a long time, or find that something of theirs is gone.
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
#include "myelin/validator/group.hpp"

namespace myelin {

namespace {

using namespace std::chrono_literals;
using validator::ValidatorGroup;

constexpr Duration kLimit = 60s;

/// Rounds follow each other without a pause, so that a validator is soon far behind.
validator::GroupOptions restless(const std::filesystem::path& folder) {
  validator::GroupOptions options{.validators = 4, .folder = folder};
  options.core.idle_interval = 1ms;
  options.core.round_wait = 2ms;
  return options;
}

struct Fixture {
  Fixture() : mesh{{.workers = 2, .job_threads = 4}} {
    auto started = ValidatorGroup::start(mesh, restless(folder.path()));
    test::require_success(started);
    group.emplace(std::move(*started));
    memory = Memory::start_session(mesh, group->directory(), {.patience = 100ms});
  }
  [[nodiscard]] bool goes_on_for(consensus::Round rounds) const {
    const consensus::Round end = group->status(0).round + rounds;
    return test::comes_true([&] { return group->status(0).round >= end; });
  }

  test::TemporaryDirectory folder;
  Mesh mesh;
  std::optional<ValidatorGroup> group;
  Memory memory;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(recovery)

BOOST_AUTO_TEST_CASE(who_was_away_for_long_goes_on_from_a_snapshot) {
  Fixture f;
  test::require_success(f.mesh.ask(f.memory.put("before", "1"), kLimit));
  f.group->crash(3);
  test::require_success(f.mesh.ask(f.memory.put("meanwhile", "2"), kLimit));
  BOOST_REQUIRE(f.goes_on_for(400));
  test::require_success(f.group->restart(3));
  const consensus::CommitIndex there = f.group->status(0).executed;
  BOOST_TEST(test::comes_true([&] { return f.group->status(3).executed > there; }));
  BOOST_TEST(test::comes_true([&] { return f.group->status(3).core.snapshots > 0U; }));
  BOOST_TEST(f.group->status(3).halted.empty());
  // It votes again: with it, one other may be away.
  f.group->crash(0);
  test::require_success(f.mesh.ask(f.memory.put("after", "3"), kLimit));
  // And it has it on its disk.
  f.group->crash(3);
  test::require_success(f.group->restart(3));
  test::require_success(f.mesh.ask(f.memory.put("again", "4"), kLimit));
}

BOOST_AUTO_TEST_CASE(a_group_that_stands_still_helps_the_one_it_needs) {
  Fixture f;
  f.group->crash(3);
  BOOST_REQUIRE(f.goes_on_for(400));
  f.group->crash(2);
  test::require_success(f.group->restart(3));  // three of four, one of them far behind
  test::require_success(f.mesh.ask(f.memory.put("key", "value"), kLimit));
}

BOOST_AUTO_TEST_CASE(a_key_or_a_log_that_is_gone_is_not_replaced_in_silence) {
  const test::TemporaryDirectory folder;
  Mesh mesh{{.workers = 2, .job_threads = 4}};
  const auto start = [&] { return ValidatorGroup::start(mesh, {.validators = 4, .folder = folder.path()}); };
  {
    auto group = start();
    test::require_success(group);
    const auto memory = Memory::start_session(mesh, group->directory());
    test::require_success(mesh.ask(memory.put("key", "value"), kLimit));
  }
  for (const char* gone : {"validator0/key", "validator2/key", "validator1/log-0"}) {
    const auto path = folder.path() / gone;
    const auto aside = folder.path() / "aside";
    std::filesystem::rename(path, aside);
    BOOST_TEST_CONTEXT(gone) {
      for (int twice = 0; twice < 2; ++twice) BOOST_TEST(!start());
    }
    std::filesystem::remove(path);
    std::filesystem::rename(aside, path);
  }
  test::require_success(start());
}

BOOST_AUTO_TEST_CASE(a_read_that_was_asked_twice_is_answered_with_what_is_there) {
  Fixture f;
  const std::string large(6000, 'x');  // more than is kept of an answer
  test::require_success(f.mesh.ask(f.memory.put("large", large), kLimit));
  // Whoever is asked is gone before it answers, now and then.
  const auto impatient = Memory::start_session(f.mesh, f.group->directory(), {.patience = 2ms, .patience_max = 50ms});
  for (int i = 0; i < 100; ++i) {
    const auto found = f.mesh.ask(impatient.get("large"), kLimit);
    test::require_success(found);
    BOOST_REQUIRE(found->has_value());
    BOOST_TEST((*found)->text() == large);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace myelin
