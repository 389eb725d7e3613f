// Values that end, by the time of commits: here the validators' clocks stand still until the test moves them.
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
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

struct Fixture {
  explicit Fixture(std::size_t validators, const std::filesystem::path& folder = {})
      : f{{.validators = validators, .folder = folder, .wall_clock = [this] { return now.load(); }}} {}

  void pass(Duration time) { now += time.count(); }
  /// Asks again until what is got is `expected`, as commits get to the present time.
  void get_until(const Memory& memory, const std::string& key, const std::string& expected) {
    const auto limit = std::chrono::steady_clock::now() + kLimit;
    std::string found = text_of(f.get(memory.get(key)));
    while (found != expected && std::chrono::steady_clock::now() < limit) found = text_of(f.get(memory.get(key)));
    BOOST_TEST(found == expected);
  }

  std::atomic<consensus::WallTime> now = 1'700'000'000'000'000'000;
  GroupFixture f;
};

Errc code_of(const Result<void>& result) { return result ? Errc{} : result.error().code; }

}  // namespace

BOOST_AUTO_TEST_SUITE(time_to_live)

BOOST_AUTO_TEST_CASE(a_value_is_there_until_commits_are_as_much_later_and_then_nowhere) {
  for (const std::size_t validators : {1U, 4U}) {
    Fixture t{validators};
    const Memory memory = t.f.memory.space("s");
    t.f.get(memory.put("e", "1", {.time_to_live = 30s}));
    const auto value = t.f.get(memory.get("e"));
    BOOST_REQUIRE(value.has_value());
    BOOST_TEST(value->expires() == t.now + Duration{30s}.count());
    t.f.get(memory.put("plain", "x"));
    BOOST_TEST(t.f.get(memory.get("plain"))->expires() == 0);
    t.pass(Duration{30s} - Duration{1});
    for (int i = 0; i < 10; ++i) BOOST_TEST(text_of(t.f.get(memory.get("e"))) == "1");
    t.pass(Duration{1});
    t.get_until(memory, "e", "nothing");
    const MemoryPage page = t.f.get(memory.search("*"));
    BOOST_REQUIRE(page.entries.size() == 1U);
    BOOST_TEST(page.entries[0].key == "plain");
    BOOST_TEST(!t.f.get(memory.erase("e")));
    BOOST_TEST(t.f.get(memory.put_if_absent("e", "2", {.time_to_live = 1h})).is_swapped);
  }
}

BOOST_AUTO_TEST_CASE(watchers_see_it_go) {
  Fixture t{4};
  MemoryPlace place = t.f.get(t.f.memory.place());
  t.f.get(t.f.memory.put("e", "1", {.time_to_live = 1min}));
  t.f.get(t.f.memory.claim("task", 2min));
  std::vector<std::string> seen;
  const auto watch_until = [&](std::size_t count) {
    while (seen.size() < count) {
      const MemoryChanges news = t.f.get(t.f.memory.changes("*", place, kLimit));
      for (const auto& change : news.changes) seen.push_back(change.key + "=" + text_of(change.value));
      place = news.place;
    }
  };
  watch_until(2);
  t.pass(1min);
  watch_until(3);
  t.pass(1min);
  watch_until(4);
  const std::vector<std::string> expected{"e=1", "task=lease", "e=nothing", "task=nothing"};
  BOOST_TEST(seen == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_last_put_says_when_it_ends) {
  Fixture t{1};
  t.f.get(t.f.memory.put("longer", "1", {.time_to_live = 1s}));
  t.f.get(t.f.memory.put("longer", "2", {.time_to_live = 1h}));
  t.f.get(t.f.memory.put("for ever", "1", {.time_to_live = 1s}));
  t.f.get(t.f.memory.cas("for ever", "1", "2"));
  t.f.get(t.f.memory.put("soon", "1"));
  BOOST_TEST(t.f.get(t.f.memory.cas("soon", "1", "2", {.time_to_live = 1s})).is_swapped);
  t.pass(1min);
  t.get_until(t.f.memory, "soon", "nothing");
  BOOST_TEST(text_of(t.f.get(t.f.memory.get("longer"))) == "2");
  BOOST_TEST(text_of(t.f.get(t.f.memory.get("for ever"))) == "2");
}

BOOST_AUTO_TEST_CASE(it_goes_on_after_a_restart) {
  const test::TemporaryDirectory folder;
  Fixture t{4, folder.path()};
  t.f.get(t.f.memory.put("e", "1", {.time_to_live = 1h}));
  t.f.get(t.f.memory.put("gone", "1", {.time_to_live = 1min}));
  for (std::size_t i = 0; i < 4; ++i) t.f.group->crash(i);
  t.pass(1min);
  for (std::size_t i = 0; i < 4; ++i) test::require_success(t.f.group->restart(i));
  t.get_until(t.f.memory, "gone", "nothing");
  BOOST_TEST(text_of(t.f.get(t.f.memory.get("e"))) == "1");
}

BOOST_AUTO_TEST_CASE(a_time_that_is_none_is_refused) {
  Fixture t{1};
  for (const Duration time : {Duration{0}, Duration{-1s}, Duration{std::chrono::hours{24 * 3653}} + Duration{1}}) {
    BOOST_TEST(
        (code_of(t.f.mesh.ask(t.f.memory.put("e", "1", {.time_to_live = time}), kLimit)) == Errc::invalid_argument));
    const auto swapped = t.f.mesh.ask(t.f.memory.put_if_absent("e", "1", {.time_to_live = time}), kLimit);
    BOOST_REQUIRE(!swapped.has_value());
    BOOST_TEST(swapped.error().message.find("bad_time_to_live") != std::string::npos);
  }
  BOOST_TEST(text_of(t.f.get(t.f.memory.get("e"))) == "nothing");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace myelin
