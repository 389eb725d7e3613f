#include <boost/test/unit_test.hpp>
#include <chrono>
#include <string>

#include "group_fixture.hpp"

namespace myelin {

namespace {

using namespace std::chrono_literals;
using test::GroupFixture;
using test::kLimit;
using test::text_of;

/// Asks again until what is got is `expected`, as the validator that is asked gets there.
StaleValue get_until(GroupFixture& f, const std::string& key, const std::string& expected) {
  const auto limit = std::chrono::steady_clock::now() + kLimit;
  StaleValue found = f.get(f.memory.get_stale(key, 1h));
  while (text_of(found.value) != expected && std::chrono::steady_clock::now() < limit) {
    found = f.get(f.memory.get_stale(key, 1h));
  }
  BOOST_TEST(text_of(found.value) == expected);
  return found;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(stale_reads)

BOOST_AUTO_TEST_CASE(one_validator_tells_what_it_has_and_from_when) {
  GroupFixture f;
  f.get(f.memory.put("colour", "blue"));
  const StaleValue first = get_until(f, "colour", "blue");
  BOOST_TEST(first.commit > 0U);
  BOOST_TEST(first.time > 0);
  f.get(f.memory.erase("colour"));
  BOOST_TEST(get_until(f, "colour", "nothing").commit > first.commit);
  f.get(f.memory.add("number", 7));
  get_until(f, "number", "7");
  f.get(f.memory.space("inner").put("key", "x"));
  get_until(f, "inner/key", "x");
  BOOST_TEST(text_of(f.get(f.memory.space("inner").get_stale("key", 1h)).value) == "x");
}

BOOST_AUTO_TEST_CASE(they_are_answered_while_nothing_can_be_ordered) {
  GroupFixture f;
  f.get(f.memory.put("colour", "blue"));
  get_until(f, "colour", "blue");
  f.group->crash(1);
  f.group->crash(3);
  get_until(f, "colour", "blue");
  BOOST_TEST(!f.mesh.ask(f.memory.get_stale("colour", -1h), 100ms).has_value());
}

BOOST_AUTO_TEST_CASE(where_no_validator_is_young_enough_it_is_read_in_order) {
  GroupFixture f;
  for (int i = 0; i < 5; ++i) {
    f.get(f.memory.put("count", std::to_string(i)));
    // No commit was made in the future.
    const StaleValue found = f.get(f.memory.get_stale("count", -1h));
    BOOST_TEST(text_of(found.value) == std::to_string(i));
    BOOST_TEST(found.commit > 0U);
  }
}

BOOST_AUTO_TEST_CASE(a_dead_validator_is_passed_over) {
  GroupFixture f{{.validators = 4}, {.client = 42}};  // asks validator 2 first
  f.get(f.memory.put("colour", "blue"));
  f.group->crash(2);
  get_until(f, "colour", "blue");
}

BOOST_AUTO_TEST_CASE(keys_that_cannot_be_are_refused) {
  GroupFixture f{{.validators = 1}};
  for (const std::size_t bytes : {0U, 257U}) {
    const auto refused = f.mesh.ask(f.memory.get_stale(std::string(bytes, 'x'), 1h), kLimit);
    BOOST_REQUIRE(!refused.has_value());
    BOOST_TEST((refused.error().code == Errc::invalid_argument));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace myelin
