#include <boost/test/unit_test.hpp>
#include <future>
#include <string>
#include <vector>

#include "../../support/temporary_directory.hpp"
#include "group_fixture.hpp"

namespace myelin {

namespace {

using namespace std::chrono_literals;
using test::GroupFixture;
using test::kLimit;
using test::text_of;
using Texts = std::vector<std::string>;

std::string text_of(const MemoryChanges::Change& change) { return change.key + "=" + test::text_of(change.value); }

/// Watches from `place` on until so many changes have come, and moves the place.
Texts next(GroupFixture& f, const Memory& memory, const std::string& pattern, MemoryPlace& place, std::size_t count,
           std::uint32_t limit = 256) {
  Texts texts;
  std::uint64_t last = 0;
  while (texts.size() < count) {
    const MemoryChanges news = f.get(memory.changes(pattern, place, kLimit, limit));
    BOOST_REQUIRE(!news.is_too_old);
    for (const auto& change : news.changes) {
      BOOST_TEST(change.commit >= last);
      BOOST_TEST(change.time > 0);
      last = change.commit;
      texts.push_back(text_of(change));
    }
    place = news.place;
  }
  return texts;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(changes)

BOOST_AUTO_TEST_CASE(a_watcher_that_pauses_sees_everything_once_and_in_order) {
  for (const std::size_t validators : {1U, 4U}) {
    GroupFixture f{{.validators = validators}};
    MemoryPlace place = f.get(f.memory.place());
    Texts expected;
    const auto write = [&](int from, int to) {
      for (int i = from; i < to; ++i) {
        const std::string key = "project_" + std::to_string(i % 5);
        f.get(f.memory.put(key, std::to_string(i)));
        f.get(f.memory.put("other_" + std::to_string(i), "unseen"));
        expected.push_back(key + "=" + std::to_string(i));
      }
    };
    write(0, 12);
    Texts seen = next(f, f.memory, "project_*", place, 12, 5);
    write(12, 30);  // nobody watches
    const Memory other = Memory::start_session(f.mesh, f.group->directory());
    for (const std::string& text : next(f, other, "project_*", place, 18, 7)) seen.push_back(text);
    BOOST_TEST(seen == expected, boost::test_tools::per_element());
    BOOST_TEST(f.get(f.memory.changes("project_*", place, 0s)).changes.empty());
  }
}

BOOST_AUTO_TEST_CASE(values_of_every_kind_and_deletions_are_told) {
  GroupFixture f;
  MemoryPlace place = f.get(f.memory.place());
  f.get(f.memory.put("text", "blue"));
  f.get(f.memory.put("text", ""));
  f.get(f.memory.add("number", 40));
  f.get(f.memory.add("number", 2));
  const ClaimOutcome lease = f.get(f.memory.claim("task", 1h));
  f.get(f.memory.release("task", lease.token));
  f.get(f.memory.erase("text"));
  f.get(f.memory.erase("text"));  // changes nothing
  f.get(f.memory.cas("number", "x", "y"));
  f.get(f.memory.put("end", "."));
  const Texts seen = next(f, f.memory, "*", place, 8);
  const Texts expected{"text=blue",  "text=",        "number=40",    "number=42",
                       "task=lease", "task=nothing", "text=nothing", "end=."};
  BOOST_TEST(seen == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_one_commit_did_to_a_key_comes_once) {
  GroupFixture f;
  MemoryPlace place = f.get(f.memory.place());
  using T = consensus::Transaction;
  // One call is executed in one commit.
  const std::vector<T> operations{T::put("b", "1"), T::put("a", "1"), T::put("a", "2"), T::put("c", "1"),
                                  T::erase("c")};
  f.get(f.memory.execute(operations));
  f.get(f.memory.put("end", "."));
  const Texts expected{"a=2", "b=1", "end=."};
  BOOST_TEST(next(f, f.memory, "*", place, 3) == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_watcher_waits_for_what_is_to_come) {
  GroupFixture f;
  const MemoryPlace place = f.get(f.memory.place());
  auto waiting =
      std::async(std::launch::async, [&] { return f.mesh.ask(f.memory.changes("a*", place, kLimit), kLimit); });
  f.get(f.memory.put("b", "1"));
  f.get(f.memory.put("a", "1"));
  const auto news = waiting.get();
  test::require_success(news);
  BOOST_REQUIRE(news->changes.size() == 1U);
  BOOST_TEST(text_of(news->changes[0]) == "a=1");
}

BOOST_AUTO_TEST_CASE(a_space_has_its_own_changes_under_its_own_names) {
  GroupFixture f;
  const Memory inner = f.memory.space("a*b");
  MemoryPlace place = f.get(f.memory.place()), inner_place = place;
  f.get(f.memory.put("axb/key", "outside"));
  f.get(inner.put("key", "inside"));
  BOOST_TEST(next(f, inner, "k*", inner_place, 1) == Texts{"key=inside"}, boost::test_tools::per_element());
  const Texts both{"axb/key=outside", "a*b/key=inside"};
  BOOST_TEST(next(f, f.memory, "a*", place, 2) == both, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(who_comes_too_late_is_told_so_and_goes_on_from_a_new_place) {
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{4096}}) {
    GroupFixture f{{.recent_changes_bytes = bytes}};
    MemoryPlace place = f.get(f.memory.place());
    for (int i = 0; i < 8; ++i) f.get(f.memory.put("key", std::string(1000, static_cast<char>('a' + i))));
    const MemoryChanges news = f.get(f.memory.changes("*", place, kLimit));
    BOOST_TEST(news.is_too_old);
    BOOST_TEST(news.changes.empty());
    if (bytes == 0) continue;
    place = f.get(f.memory.place());
    f.get(f.memory.put("key", "new"));
    BOOST_TEST(next(f, f.memory, "*", place, 1).back() == "key=new");
  }
}

BOOST_AUTO_TEST_CASE(while_a_validator_is_dead_the_others_tell) {
  GroupFixture f;
  MemoryPlace place = f.get(f.memory.place());
  f.group->crash(2);
  Texts expected;
  for (int i = 0; i < 6; ++i) {
    f.get(f.memory.put("key", std::to_string(i)));
    expected.push_back("key=" + std::to_string(i));
  }
  BOOST_TEST(next(f, f.memory, "*", place, 6, 1) == expected, boost::test_tools::per_element());
  BOOST_TEST(f.get(f.memory.place()).commit >= place.commit);
}

BOOST_AUTO_TEST_CASE(places_outlive_a_restart_of_all_validators) {
  const test::TemporaryDirectory folder;
  GroupFixture f{{.folder = folder.path()}};
  MemoryPlace place = f.get(f.memory.place());
  f.get(f.memory.put("key", "before"));
  for (std::size_t i = 0; i < 4; ++i) f.group->crash(i);
  for (std::size_t i = 0; i < 4; ++i) test::require_success(f.group->restart(i));
  f.get(f.memory.put("key", "after"));
  // What was executed since the state was last saved is executed again, and noted again.
  const Texts expected{"key=before", "key=after"};
  BOOST_TEST(next(f, f.memory, "*", place, 2) == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_pattern_that_no_validator_takes_is_refused) {
  GroupFixture f{{.validators = 1}};
  const auto refused = f.mesh.ask(f.memory.changes(std::string(257, 'x'), {}), kLimit);
  BOOST_REQUIRE(!refused.has_value());
  BOOST_TEST((refused.error().code == Errc::invalid_argument));
}

BOOST_AUTO_TEST_CASE(a_session_takes_so_many_watchers) {
  GroupFixture f{{.validators = 1}, {.watches_max = 0}};
  const auto refused = f.mesh.ask(f.memory.changes("*", {}), kLimit);
  BOOST_REQUIRE(!refused.has_value());
  BOOST_TEST((refused.error().code == Errc::overloaded));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace myelin
