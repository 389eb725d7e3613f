// Validators that are played by the test, one of which lies.
#include <boost/test/unit_test.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <span>
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

/// What played validators have ordered under each sequence. **Thread-safety**: thread-safe.
struct Ordered {
  std::mutex mutex;
  std::map<consensus::Sequence, std::vector<std::byte>> batches;
};

/// How a played validator takes a batch.
enum class Taking : std::uint8_t {
  honest,
  exchanges,     ///< It has another batch ordered under the same sequence.
  answers_false  ///< It tells of other replies than there were.
};

/// Answers for the batch that is ordered, if there is one yet; else for none.
void answer_for(Ordered& ordered, consensus::ClientId client, consensus::Sequence sequence, bool with_replies,
                consensus::Status status, Reply<schema::BatchAnswer>& reply) {
  const std::lock_guard lock{ordered.mutex};
  const auto found = ordered.batches.find(sequence);
  if (found == ordered.batches.end()) return;
  consensus::Reply told;
  told.status = status;
  const std::string replies = consensus::encode_replies(std::vector{told});
  const consensus::Digest batch = consensus::batch_digest(found->second);
  reply.send([&](schema::BatchAnswer::Builder answer) {
    answer.setVerdict(static_cast<std::uint8_t>(consensus::Verdict::executed));
    answer.setCommit(5);
    validator::fill(answer.initDigest(), consensus::answer_digest(client, sequence, batch, replies));
    if (!with_replies) return;
    answer.setReplies(validator::data_of(replies));
    validator::fill(answer.initBatch(), batch);
  });
}

AgentRef play(Mesh& mesh, const std::shared_ptr<Ordered>& ordered, Taking taking) {
  return mesh.spawn_handlers(
      [=](schema::SubmitBatch::Reader submit, Reply<schema::BatchAnswer> reply) {
        const auto given = submit.getBatch();
        const auto bytes = std::as_bytes(std::span{given.begin(), given.size()});
        std::vector<std::byte> batch{bytes.begin(), bytes.end()};
        if (taking == Taking::exchanges) {
          batch = consensus::write_batch(submit.getClient(), submit.getSequence(),
                                         std::vector{consensus::Transaction::put("key", "the liar's")});
        }
        {
          const std::lock_guard lock{ordered->mutex};
          ordered->batches.try_emplace(submit.getSequence(), std::move(batch));
        }
        const auto status = taking == Taking::answers_false ? consensus::Status::state_full : consensus::Status::ok;
        answer_for(*ordered, submit.getClient(), submit.getSequence(), true, status, reply);
      },
      [=](schema::AwaitBatch::Reader wait, Reply<schema::BatchAnswer> reply) {
        answer_for(*ordered, wait.getClient(), wait.getSequence(), false, consensus::Status::ok, reply);
      });
}

/// A session with four played validators, of which it sends its first batch to `kLiar`.
struct Submission {
  explicit Submission(Taking liar) : mesh{{.workers = 1}} {
    auto directory = std::make_shared<validator::Directory>(4);
    for (std::size_t i = 0; i < 4; ++i) directory->set(i, play(mesh, ordered, i == kLiar ? liar : Taking::honest));
    memory = Memory::start_session(mesh, directory, {.client = 4 + kLiar, .patience = 20ms, .patience_max = 20ms});
  }

  static constexpr std::size_t kLiar = 1;
  std::shared_ptr<Ordered> ordered = std::make_shared<Ordered>();
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

BOOST_AUTO_TEST_CASE(who_has_another_batch_executed_is_found_out) {
  Submission f{Taking::exchanges};
  const auto put = f.mesh.ask(f.memory.put("key", "mine"), kLimit);
  BOOST_REQUIRE(!put);
  BOOST_TEST((put.error().code == Errc::outcome_unknown));
  BOOST_TEST(put.error().message.find("a validator that lies") != std::string::npos, put.error().message);
  // The next goes to another, and is what it is.
  test::require_success(f.mesh.ask(f.memory.put("key", "mine"), kLimit));
}

BOOST_AUTO_TEST_CASE(what_only_one_says_of_a_batch_is_not_believed) {
  Submission f{Taking::answers_false};
  test::require_success(f.mesh.ask(f.memory.put("key", "mine"), kLimit));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace myelin
