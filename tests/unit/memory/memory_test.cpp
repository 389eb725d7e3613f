#include "myelin/memory/memory.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "../../support/expect_success.hpp"
#include "../../support/temporary_directory.hpp"
#include "myelin/validator.capnp.h"
#include "myelin/validator/group.hpp"

namespace myelin {

namespace {

using namespace std::chrono_literals;

// Generous: nothing here waits for it but on failure.
constexpr Duration kLimit = 60s;

struct Fixture {
  explicit Fixture(std::size_t validators = 4) : mesh{{.workers = 2, .job_threads = 4}} {
    auto started = validator::ValidatorGroup::start(mesh, {.validators = validators});
    BOOST_REQUIRE(started);
    group.emplace(std::move(*started));
    memory = Memory::start_session(mesh, group->directory());
  }
  Mesh mesh;
  std::optional<validator::ValidatorGroup> group;
  Memory memory;
};

template <class T>
std::string text_of(const Result<std::optional<T>>& found) {
  if (!found) return "error: " + to_string(found.error());
  return *found ? std::string{(*found)->text()} : "nothing";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(memory)

BOOST_AUTO_TEST_CASE(what_was_put_is_got) {
  Fixture f;
  const auto put = f.mesh.ask(f.memory.put("colour", "blue"), kLimit);
  test::require_success(put);
  BOOST_TEST(text_of(f.mesh.ask(f.memory.get("colour"), kLimit)) == "blue");
  BOOST_TEST(text_of(f.mesh.ask(f.memory.get("shape"), kLimit)) == "nothing");
}

BOOST_AUTO_TEST_CASE(one_validator_is_a_group_too) {
  Fixture f{1};
  BOOST_REQUIRE(f.mesh.ask(f.memory.put("colour", "blue"), kLimit));
  BOOST_TEST(text_of(f.mesh.ask(f.memory.get("colour"), kLimit)) == "blue");
}

BOOST_AUTO_TEST_CASE(cas_swaps_only_what_is_expected) {
  Fixture f{1};
  test::require_success(f.mesh.ask(f.memory.put("colour", "blue"), kLimit));
  const auto wrong = f.mesh.ask(f.memory.cas("colour", "red", "green"), kLimit);
  test::require_success(wrong);
  BOOST_TEST(!wrong->is_swapped);
  BOOST_REQUIRE(wrong->found);
  BOOST_TEST(wrong->found->text() == "blue");
  const auto right = f.mesh.ask(f.memory.cas("colour", "blue", "green"), kLimit);
  test::require_success(right);
  BOOST_TEST(right->is_swapped);
  const auto late = f.mesh.ask(f.memory.put_if_absent("colour", "grey"), kLimit);
  test::require_success(late);
  BOOST_TEST(!late->is_swapped);
  BOOST_TEST(text_of(f.mesh.ask(f.memory.get("colour"), kLimit)) == "green");
}

BOOST_AUTO_TEST_CASE(erase_says_whether_there_was_anything) {
  Fixture f{1};
  test::require_success(f.mesh.ask(f.memory.put("colour", "blue"), kLimit));
  BOOST_TEST(f.mesh.ask(f.memory.erase("colour"), kLimit).value());
  BOOST_TEST(!f.mesh.ask(f.memory.erase("colour"), kLimit).value());
  BOOST_TEST(text_of(f.mesh.ask(f.memory.get("colour"), kLimit)) == "nothing");
}

BOOST_AUTO_TEST_CASE(transfers_move_what_there_is) {
  Fixture f{1};
  test::require_success(f.mesh.ask(f.memory.add("a", 10), kLimit));
  test::require_success(f.mesh.ask(f.memory.transfer("a", "b", 7), kLimit));
  const auto too_much = f.mesh.ask(f.memory.transfer("a", "b", 4), kLimit);
  BOOST_REQUIRE(!too_much);
  BOOST_TEST((too_much.error().code == Errc::insufficient));
  BOOST_TEST((*f.mesh.ask(f.memory.get("a"), kLimit))->number() == 3);
  BOOST_TEST((*f.mesh.ask(f.memory.get("b"), kLimit))->number() == 7);
  test::require_success(f.mesh.ask(f.memory.put("text", "no number"), kLimit));
  BOOST_TEST((f.mesh.ask(f.memory.add("text", 1), kLimit).error().code == Errc::wrong_value_kind));
}

BOOST_AUTO_TEST_CASE(a_claim_is_granted_once_until_it_is_released) {
  Fixture f{1};
  const auto first = f.mesh.ask(f.memory.claim("task", 1h), kLimit);
  test::require_success(first);
  BOOST_TEST(first->is_granted);
  const auto second = f.mesh.ask(f.memory.claim("task", 1h), kLimit);
  test::require_success(second);
  BOOST_TEST(!second->is_granted);
  BOOST_TEST((f.mesh.ask(f.memory.put("task", "mine"), kLimit).error().code == Errc::lease_held));
  BOOST_TEST((f.mesh.ask(f.memory.release("task", first->token + 1), kLimit).error().code == Errc::not_holder));
  const auto renewed = f.mesh.ask(f.memory.renew("task", first->token, 2h), kLimit);
  test::require_success(renewed);
  BOOST_TEST(renewed->expires > first->expires);
  test::require_success(f.mesh.ask(f.memory.release("task", first->token), kLimit));
  const auto third = f.mesh.ask(f.memory.claim("task", 1h), kLimit);
  test::require_success(third);
  BOOST_TEST(third->is_granted);
  BOOST_TEST(third->token > first->token);
}

BOOST_AUTO_TEST_CASE(a_search_goes_through_all_that_matches_page_by_page) {
  Fixture f{1};
  std::vector<std::string> keys;
  for (int i = 0; i < 40; ++i) keys.push_back("s/project_" + std::to_string(100 + i) + (i % 2 == 0 ? "/plan" : "/log"));
  std::vector<consensus::Transaction> puts;
  for (const std::string& key : keys) puts.push_back(consensus::Transaction::put(key, "x"));
  puts.push_back(consensus::Transaction::put("s/other", "x"));
  test::require_success(f.mesh.ask(f.memory.execute(puts), kLimit));
  const Memory space = f.memory.space("s");
  std::vector<std::string> found;
  std::string cursor;
  int pages = 0;
  do {
    const auto page = f.mesh.ask(space.search("project_*/plan", 7, cursor), kLimit);
    test::require_success(page);
    for (const auto& entry : page->entries) found.push_back(entry.key);
    cursor = page->cursor;
  } while (!cursor.empty() && ++pages < 100);
  BOOST_TEST(found.size() == 20U);
  BOOST_TEST(found.front() == "project_100/plan");
  BOOST_TEST(std::ranges::is_sorted(found));
  BOOST_TEST(pages == 5);  // 40 keys in pages of 7 have a prefix; the last is short
}

BOOST_AUTO_TEST_CASE(spaces_keep_names_apart) {
  Fixture f{1};
  test::require_success(f.mesh.ask(f.memory.space("a").put("key", "1"), kLimit));
  test::require_success(f.mesh.ask(f.memory.space("b").space("c").put("key", "2"), kLimit));
  BOOST_TEST(text_of(f.mesh.ask(f.memory.get("a/key"), kLimit)) == "1");
  BOOST_TEST(text_of(f.mesh.ask(f.memory.get("b/c/key"), kLimit)) == "2");
  BOOST_TEST(text_of(f.mesh.ask(f.memory.get("key"), kLimit)) == "nothing");
}

BOOST_AUTO_TEST_CASE(messages_are_read_back_as_what_they_are_and_as_nothing_else) {
  Fixture f{1};
  test::require_success(f.mesh.ask(
      f.memory.put<schema::AwaitBatch>("message", [](schema::AwaitBatch::Builder await) { await.setSequence(7); }),
      kLimit));
  const auto value = f.mesh.ask(f.memory.get("message"), kLimit);
  test::require_success(value);
  const auto message = (*value)->as<schema::AwaitBatch>();
  test::require_success(message);
  BOOST_TEST((*message)->getSequence() == 7U);
  BOOST_TEST(!(*value)->as<schema::SubmitBatch>());
  test::require_success(f.mesh.ask(f.memory.put("text", "no message"), kLimit));
  BOOST_TEST(!(*f.mesh.ask(f.memory.get("text"), kLimit))->as<schema::AwaitBatch>());
}

BOOST_AUTO_TEST_CASE(what_cannot_be_taken_is_refused_with_its_reason) {
  Fixture f{1};
  const auto long_key = f.mesh.ask(f.memory.put(std::string(300, 'k'), "x"), kLimit);
  BOOST_REQUIRE(!long_key);
  BOOST_TEST((long_key.error().code == Errc::invalid_argument));
  const auto no_amount = f.mesh.ask(f.memory.transfer("a", "b", 0), kLimit);
  BOOST_REQUIRE(!no_amount);
  BOOST_TEST((no_amount.error().code == Errc::invalid_argument));
  const auto nothing = f.mesh.ask(f.memory.execute({}), kLimit);
  BOOST_REQUIRE(!nothing);
  BOOST_TEST((nothing.error().code == Errc::invalid_argument));
  const std::vector<consensus::PublicKey> keys(1);
  const auto committee =
      f.mesh.ask(f.memory.execute(std::vector{consensus::Transaction::reconfigure(0, keys, {})}), kLimit);
  BOOST_REQUIRE(!committee);
  BOOST_TEST((committee.error().code == Errc::invalid_argument));
  BOOST_REQUIRE(f.mesh.ask(f.memory.put("key", "all else goes on"), kLimit));
}

BOOST_AUTO_TEST_CASE(a_write_without_an_answer_is_of_unknown_outcome_and_a_read_is_late) {
  Mesh mesh{{.workers = 2}};
  // Validators that are not there.
  const auto memory = Memory::start_session(mesh, std::make_shared<validator::Directory>(4));
  BOOST_TEST((mesh.ask(memory.put("key", "value"), 50ms).error().code == Errc::outcome_unknown));
  BOOST_TEST((mesh.ask(memory.get("key"), 50ms).error().code == Errc::timeout));
}

BOOST_AUTO_TEST_CASE(a_group_finds_again_what_it_kept) {
  const test::TemporaryDirectory folder;
  for (int run = 0; run < 3; ++run) {
    Mesh mesh{{.workers = 2, .job_threads = 4}};
    auto group = validator::ValidatorGroup::start(mesh, {.validators = 4, .folder = folder.path()});
    test::require_success(group);
    const auto memory = Memory::start_session(mesh, group->directory());
    const std::string before = run == 0 ? "nothing" : std::to_string(run - 1);
    BOOST_TEST(text_of(mesh.ask(memory.get("run"), kLimit)) == before);
    test::require_success(mesh.ask(memory.put("run", std::to_string(run)), kLimit));
  }
  Mesh mesh{{.workers = 2, .job_threads = 4}};
  const auto too_few = validator::ValidatorGroup::start(mesh, {.validators = 3, .folder = folder.path()});
  BOOST_REQUIRE(!too_few);
  BOOST_TEST((too_few.error().code == Errc::invalid_argument));
}

BOOST_AUTO_TEST_CASE(a_folder_serves_one_group_at_a_time) {
  const test::TemporaryDirectory folder;
  Mesh mesh{{.workers = 2, .job_threads = 4}};
  auto group = validator::ValidatorGroup::start(mesh, {.validators = 1, .folder = folder.path()});
  test::require_success(group);
  const auto other = validator::ValidatorGroup::start(mesh, {.validators = 1, .folder = folder.path()});
  BOOST_REQUIRE(!other);
  BOOST_TEST((other.error().code == Errc::invalid_argument));
}

BOOST_AUTO_TEST_CASE(one_of_four_may_be_away) {
  const test::TemporaryDirectory folder;
  Mesh mesh{{.workers = 2, .job_threads = 4}};
  auto group = validator::ValidatorGroup::start(mesh, {.validators = 4, .folder = folder.path()});
  test::require_success(group);
  const auto memory = Memory::start_session(mesh, group->directory(), {.patience = 50ms});
  group->crash(2);
  for (int i = 0; i < 8; ++i) test::require_success(mesh.ask(memory.add("count", 1), kLimit));
  test::require_success(group->restart(2));
  const auto twice = group->restart(2);
  BOOST_REQUIRE(!twice);
  BOOST_TEST((twice.error().code == Errc::invalid_argument));
  group->crash(0);
  for (int i = 0; i < 8; ++i) test::require_success(mesh.ask(memory.add("count", 1), kLimit));
  BOOST_TEST((*mesh.ask(memory.get("count"), kLimit))->number() == 16);
}

BOOST_AUTO_TEST_CASE(what_was_not_done_has_an_error_of_its_own) {
  const auto error_of = [](consensus::Status status) {
    const Frame reply = make_frame<schema::MemoryReply>([&](schema::MemoryReply::Builder made) {
      made.initResults(1)[0].setStatus(static_cast<std::uint8_t>(status));
    });
    const auto read = Memory{}.add("key", 1).read(Held<schema::MemoryReply>{reply});
    BOOST_REQUIRE(!read);
    return read.error().code;
  };
  using consensus::Status;
  BOOST_TEST((error_of(Status::state_full) == Errc::memory_full));
  BOOST_TEST((error_of(Status::held) == Errc::lease_held));
  BOOST_TEST((error_of(Status::not_holder) == Errc::not_holder));
  BOOST_TEST((error_of(Status::wrong_type) == Errc::wrong_value_kind));
  BOOST_TEST((error_of(Status::insufficient) == Errc::insufficient));
  BOOST_TEST((error_of(Status::overflow) == Errc::insufficient));
  BOOST_TEST((error_of(Status::condition_failed) == Errc::invalid_argument));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace myelin
