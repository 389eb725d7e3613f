#include "myelin/memory/memory.hpp"

#include <boost/test/unit_test.hpp>
#include <chrono>

#include "../../support/expect_success.hpp"
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

BOOST_AUTO_TEST_SUITE_END()

}  // namespace myelin
