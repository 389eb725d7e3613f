// Strangers and liars write to validators whatever they like: each letter is refused with its reason, and all goes on.
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <functional>
#include <numeric>
#include <optional>
#include <random>
#include <thread>
#include <vector>

#include "../../support/comes_true.hpp"
#include "../../support/expect_success.hpp"
#include "myelin/memory/memory.hpp"
#include "myelin/validator.capnp.h"
#include "myelin/validator/group.hpp"

namespace myelin {

namespace {

using namespace std::chrono_literals;
using Letter = schema::PeerLetter::Builder;

constexpr Duration kLimit = 60s;

struct Fixture {
  Fixture() : mesh{{.workers = 2, .job_threads = 4}} {
    auto started = validator::ValidatorGroup::start(mesh, {.validators = 4});
    test::require_success(started);
    group.emplace(std::move(*started));
    memory = Memory::start_session(mesh, group->directory());
  }
  void send_to_all(const std::function<void(Letter)>& fill) {
    for (std::size_t i = 0; i < group->size(); ++i) {
      mesh.tell<schema::PeerLetter>(group->directory()->address(i), fill);
    }
  }
  [[nodiscard]] validator::ValidatorStatus status() const { return group->status(1); }
  /// Waits until validator 1 has taken note.
  bool comes_true(const std::function<bool(const validator::ValidatorStatus&)>& condition) const {
    return test::comes_true([&] { return condition(status()); });
  }
  bool goes_on() {
    return mesh.ask(memory.add("count", 1), kLimit).has_value() && status().halted.empty() && status().accusations == 0;
  }

  Mesh mesh;
  std::optional<validator::ValidatorGroup> group;
  Memory memory;
};

std::vector<capnp::byte> noise(std::size_t bytes) {
  static std::mt19937 random{3};
  std::vector<capnp::byte> made(bytes);
  for (auto& byte : made) byte = static_cast<capnp::byte>(random());
  return made;
}
capnp::Data::Reader data_of(const std::vector<capnp::byte>& bytes) { return {bytes.data(), bytes.size()}; }

}  // namespace

BOOST_AUTO_TEST_SUITE(hostile_letters)

BOOST_AUTO_TEST_CASE(that_are_no_letters_are_refused_and_counted) {
  Fixture f;
  const std::vector<std::function<void(Letter)>> letters = {
      [](Letter) {},  // says nothing
      [](Letter letter) {
        letter.setEpoch(7);
        letter.setSnapshotAbove(1);
      },
      [](Letter letter) {
        letter.setFrom(4);
        letter.setSnapshotAbove(1);
      },
      [](Letter letter) { letter.initFetch(257); },
      [](Letter letter) { letter.initFetched().initVertices(257); },
      [](Letter letter) { letter.initVertex().setHeader(data_of(noise(13))); },
      [](Letter letter) {
        auto vertex = letter.initVertex();
        vertex.setHeader(data_of(noise(64)));
        vertex.setSignature(data_of(noise(63)));
      },
      [](Letter letter) { letter.initSnapshot().setTail(data_of(noise(100))); },
      [](Letter letter) { letter.initSnapshot().setTail(data_of(noise(4096))); },
      [](Letter letter) { letter.initStatement().setSignature(data_of(noise(63))); },
      [](Letter letter) {  // nobody signed it
        letter.initStatement().setCommit(64);
        letter.getStatement().setSignature(data_of(noise(64)));
      },
  };
  for (const auto& fill : letters) f.send_to_all(fill);
  BOOST_TEST(f.comes_true([&](const auto& status) { return status.letters_refused == letters.size(); }));
  BOOST_TEST(f.goes_on());
}

BOOST_AUTO_TEST_CASE(with_vertices_that_nobody_signed_are_refused_by_the_core_with_their_reason) {
  Fixture f;
  for (int i = 0; i < 100; ++i) {
    f.send_to_all([i](Letter letter) {
      letter.setFrom(static_cast<std::uint8_t>(i % 4));
      auto vertex = letter.initVertex();
      vertex.setHeader(data_of(noise(64 + 8 * static_cast<std::size_t>(i))));
      vertex.setPayload(data_of(noise(800)));
      vertex.setSignature(data_of(noise(64)));
    });
  }
  const auto refused = [](const validator::ValidatorStatus& status) {
    return std::accumulate(status.core.refused.begin(), status.core.refused.end(), std::uint64_t{0});
  };
  // Those that claim to come from itself get no further than the gate.
  BOOST_TEST(f.comes_true([&](const auto& status) { return refused(status) + status.letters_refused >= 100; }));
  BOOST_TEST(f.goes_on());
}

BOOST_AUTO_TEST_CASE(that_ask_and_answer_without_sense_change_nothing) {
  Fixture f;
  for (int i = 0; i < 50; ++i) {
    f.send_to_all([](Letter letter) {
      auto names = letter.initFetch(256);
      for (auto name : names) name.setRound(~0ULL);
    });
    f.send_to_all([](Letter letter) { letter.initRange().setAfter(~0ULL); });
    f.send_to_all([](Letter letter) { letter.setSnapshotAbove(~0ULL); });
    f.send_to_all([](Letter letter) { letter.initFetched().setForgotten(~0ULL); });
    f.send_to_all([](Letter letter) { letter.initSnapshot(); });
    f.send_to_all([i](Letter letter) { letter.setStatementOn(i % 2 == 0 ? ~0ULL : 64ULL); });
    f.send_to_all([](Letter letter) { letter.initStatement(); });
  }
  BOOST_TEST(f.goes_on());
  BOOST_TEST(f.goes_on());
}

BOOST_AUTO_TEST_CASE(of_clients_that_are_no_batches_are_refused_at_the_gate) {
  Fixture f;
  const AgentRef gate = f.group->directory()->address(0);
  const auto garbage = f.mesh.ask<schema::BatchAnswer>(
      gate, [](schema::SubmitBatch::Builder submit) { submit.setBatch(data_of(noise(256))); }, kLimit);
  BOOST_REQUIRE(!garbage);
  BOOST_TEST((garbage.error().code == Errc::invalid_argument));
  const std::vector<consensus::Transaction> one{consensus::Transaction::put("key", "value")};
  const auto batch = consensus::write_batch(7, 1, one);
  const auto other = f.mesh.ask<schema::BatchAnswer>(
      gate,
      [&](schema::SubmitBatch::Builder submit) {
        submit.setClient(8);
        submit.setSequence(1);
        submit.setBatch({reinterpret_cast<const capnp::byte*>(batch.data()), batch.size()});
      },
      kLimit);
  BOOST_REQUIRE(!other);
  BOOST_TEST((other.error().code == Errc::invalid_argument));
  BOOST_TEST(f.goes_on());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace myelin
