// Validators that are played by the test, one of which lies.
#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "../../support/expect_success.hpp"
#include "myelin/memory/memory.hpp"
#include "myelin/validator.capnp.h"
#include "myelin/validator/value_message.hpp"

namespace myelin {

namespace {

using namespace std::chrono_literals;
constexpr Duration kLimit = 60s;

/// What a played validator has: one change of "key" in commit 5.
struct Played {
  std::string value = "true";
  consensus::CommitIndex commit = 5;
  bool has_forgotten = false;
};

AgentRef play(Mesh& mesh, const Played& played) {
  return mesh.spawn_handlers(
      [played](schema::ReadKey::Reader, Reply<schema::KeyState> reply) {
        reply.send([&](schema::KeyState::Builder state) { state.setCommit(played.commit); });
      },
      [played](schema::AwaitChanges::Reader asked, Reply<schema::ChangesAnswer> reply) {
        reply.send([&](schema::ChangesAnswer::Builder answer) {
          if (played.has_forgotten) return answer.setIsTooOld(true);
          const consensus::Cell cell = consensus::Cell::of_bytes(played.value);
          if (asked.getIsCheck()) {
            validator::ChangesDigest digest;
            if (!played.value.empty()) digest.add(5, 50, "key", cell);
            return validator::fill(answer.initDigest(), digest.finish());
          }
          answer.initThrough().setCommit(played.commit);
          if (played.value.empty()) return;
          auto change = answer.initChanges(1)[0];
          change.setCommit(5);
          change.setTime(50);
          change.setKey(validator::data_of("key"));
          validator::fill(change.initValue(), consensus::Value{.kind = ValueKind::bytes, .bytes = played.value});
        });
      });
}

struct Fixture {
  /// `first`: whom the session asks first.
  Fixture(const std::vector<Played>& validators, consensus::ClientId first) : mesh{{.workers = 1}} {
    auto directory = std::make_shared<validator::Directory>(validators.size());
    for (std::size_t i = 0; i < validators.size(); ++i) directory->set(i, play(mesh, validators[i]));
    memory = Memory::start_session(mesh, directory,
                                   {.client = validators.size() + first, .patience = 20ms, .patience_max = 20ms});
  }
  MemoryChanges changes(Duration wait = 2s) {
    auto news = mesh.ask(memory.changes("*", {1}, wait), kLimit);
    test::require_success(news);
    return *std::move(news);
  }

  Mesh mesh;
  Memory memory;
};

constexpr std::size_t kLiar = 1;

std::vector<Played> with_liar(const Played& liar) {
  std::vector<Played> validators(4);
  validators[kLiar] = liar;
  return validators;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(lies)

BOOST_AUTO_TEST_CASE(a_change_that_only_one_tells_is_not_believed) {
  for (const std::size_t first : {0U, 1U, 2U, 3U}) {
    Fixture f{with_liar({.value = "false"}), first};
    const MemoryChanges news = f.changes();
    BOOST_REQUIRE(news.changes.size() == 1U);
    BOOST_TEST(news.changes[0].value->text() == "true");
    BOOST_TEST((news.place == MemoryPlace{5}));
  }
}

BOOST_AUTO_TEST_CASE(a_change_that_only_one_keeps_back_is_told) {
  for (const Duration wait : {0s, 2s}) {
    Fixture f{with_liar({.value = ""}), kLiar};
    BOOST_TEST(f.changes(wait).changes.size() == 1U);
  }
}

BOOST_AUTO_TEST_CASE(one_alone_cannot_say_that_it_is_too_late) {
  Fixture f{with_liar({.has_forgotten = true}), kLiar};
  BOOST_TEST(!f.changes().is_too_old);
}

BOOST_AUTO_TEST_CASE(two_can_for_one_of_them_is_honest) {
  std::vector<Played> validators(4);
  validators[0].has_forgotten = validators[3].has_forgotten = true;
  Fixture f{validators, 3};
  BOOST_TEST(f.changes().is_too_old);
}

BOOST_AUTO_TEST_CASE(one_alone_cannot_move_a_place_ahead_or_back) {
  for (const consensus::CommitIndex lie : {consensus::CommitIndex{0}, consensus::CommitIndex{1'000'000}}) {
    Fixture f{with_liar({.commit = lie}), 0};
    const auto place = f.mesh.ask(f.memory.place(), kLimit);
    test::require_success(place);
    BOOST_TEST((*place == MemoryPlace{5}));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace myelin
