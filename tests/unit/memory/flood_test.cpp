// What a validator holds in memory because others send a lot, or ask for a lot: bounded, and of each for itself.
#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../../support/comes_true.hpp"
#include "../../support/expect_success.hpp"
#include "agents/checked_vertices.hpp"
#include "agents/door.hpp"
#include "agents/gate.hpp"
#include "agents/letter_queue.hpp"
#include "agents/load.hpp"
#include "agents/orderer.hpp"
#include "agents/parts.hpp"
#include "agents/peer_letter.hpp"
#include "myelin/actors/deterministic_mesh.hpp"
#include "myelin/actors/mesh.hpp"
#include "myelin/consensus/committee.hpp"
#include "myelin/consensus/transaction.hpp"
#include "myelin/serialization/arena.hpp"
#include "myelin/serialization/frame_builder.hpp"
#include "myelin/validator/limits.hpp"

namespace myelin::validator {

namespace {

using namespace std::chrono_literals;

constexpr Duration kLimit = 60s;

Frame letter_of(std::size_t bytes) {
  const std::vector<capnp::byte> data(bytes);
  return make_frame<schema::PeerLetter>([&](schema::PeerLetter::Builder letter) {
    letter.initSnapshot().setTail({data.data(), data.size()});
  });
}

/// Validator 0 of four, of whose agents only those are there that a test makes: the others take nothing.
struct Fixture {
  Fixture() : mesh{{.workers = 2}}, parts{std::make_shared<Parts>()} {
    std::vector<consensus::PublicKey> public_keys;
    for (std::uint8_t i = 0; i < 4; ++i) {
      std::array<std::uint8_t, 32> seed{};
      seed[0] = i;
      keys.push_back(std::make_unique<consensus::KeyPair>(seed));
      public_keys.push_back(keys.back()->public_key());
    }
    auto created = consensus::Committee::create(0, std::move(public_keys), {});
    test::require_success(created);
    committee.emplace(std::move(*created));
    parts->directory = std::make_shared<Directory>(4);
    parts->orderer = parts->executor = idle();
  }
  AgentRef idle() {
    return mesh.spawn_handlers([](schema::HandedOver::Reader) {});
  }
  AgentRef door_of(consensus::ValidatorIndex peer) {
    return mesh.spawn<Door>(parts, *committee, checker, checked, peer);
  }
  /// Takes what was handed to the orderer, and holds it as the orderer does.
  std::size_t taken() {
    std::ranges::move(parts->events.take(), std::back_inserter(held));
    return held.size();
  }

  consensus::Ed25519Checker checker;
  CheckedVertices checked;
  std::vector<std::unique_ptr<consensus::KeyPair>> keys;
  std::optional<consensus::Committee> committee;
  Mesh mesh;
  std::shared_ptr<Parts> parts;
  std::vector<OrdererNews> held;
};

void ask_for_many(schema::PeerLetter::Builder letter, consensus::ValidatorIndex from) {
  letter.setFrom(from);
  auto names = letter.initFetch(consensus::limits::kFetchMax);
  for (unsigned i = 0; i < names.size(); ++i) names[i].setRound(i);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(floods)

BOOST_AUTO_TEST_CASE(one_who_reads_nothing_is_kept_the_latest_words_and_few_answers) {
  LetterQueue queue;
  constexpr std::size_t kBytes = std::size_t{1} << 20;
  std::size_t answers = 0;
  for (int i = 0; i < 100; ++i) {
    static_cast<void>(queue.put_own(letter_of(kBytes)));
    if (!queue.has_room_for_answer(kBytes)) continue;
    static_cast<void>(queue.put_answer(letter_of(kBytes)));
    ++answers;
  }
  BOOST_TEST(queue.bytes() <= limits::kWordBytesWaitingMax + limits::kAnswerBytesWaitingMax);
  BOOST_TEST(answers > 1U);
  // Answers that were asked for all the same, however small.
  for (int i = 0; i < 100'000; ++i) static_cast<void>(queue.put_answer(letter_of(0)));
  std::size_t letters = 0;
  for (auto next = queue.take(); next; next = queue.take()) {
    ++letters;
    BOOST_TEST(next->has_more == (queue.bytes() > 0));
  }
  BOOST_TEST(letters <= 2 * (limits::kWordBytesWaitingMax + limits::kAnswerBytesWaitingMax) / 1024);
  BOOST_TEST(queue.bytes() == 0U);
}

BOOST_AUTO_TEST_CASE(an_answer_larger_than_all_that_may_wait_goes_alone) {
  LetterQueue queue;
  const std::size_t bytes = limits::kAnswerBytesWaitingMax + 1024;
  BOOST_TEST(queue.put_answer(letter_of(bytes)));
  BOOST_TEST(!queue.has_room_for_answer(8));
  // A word goes with it, and its courier has been told.
  BOOST_TEST(!queue.put_own(letter_of(8)));
  const auto first = queue.take();
  BOOST_REQUIRE(first.has_value());
  BOOST_TEST(first->letter.payload_bytes() >= bytes);
  BOOST_TEST(first->has_more);
  BOOST_TEST(queue.has_room_for_answer(bytes));
  BOOST_TEST(!queue.take()->has_more);
  BOOST_TEST(queue.put_own(letter_of(8)));  // told once more
}

BOOST_AUTO_TEST_CASE(who_asks_a_validator_for_more_than_it_reads_is_not_answered_any_more) {
  Fixture f;
  for (std::size_t i = 0; i < 4; ++i) {
    f.parts->outgoing.push_back(std::make_shared<LetterQueue>());
    f.parts->directory->set(i, f.idle());
  }
  f.parts->orderer = f.mesh.spawn<Orderer>(
      f.parts, *f.committee,
      OrdererOptions{.self = 0, .signer = f.keys[0].get(), .core = {}, .wall_clock = [] { return 1; }, .log = {}});
  f.mesh.tell(f.parts->orderer, [](schema::Begin::Builder) {});
  for (int i = 0; i < 50'000; ++i) {
    static_cast<void>(f.parts->events.put(EpochEvent{0, consensus::Received{1, {consensus::RangeRequest{}}}}));
  }
  static_cast<void>(f.parts->events.put(EpochEvent{0, consensus::Received{2, {consensus::SnapshotRequest{7}}}}));
  f.mesh.tell(f.parts->orderer, [](schema::HandedOver::Builder) {});
  const auto says = [&](std::size_t to, schema::PeerLetter::Which what) {
    while (auto next = f.parts->outgoing[to]->take()) {
      ArenaReader reader{next->letter};
      if (reader.root().getAs<schema::PeerLetter>().which() == what) return true;
    }
    return false;
  };
  BOOST_TEST(test::comes_true([&] { return says(2, schema::PeerLetter::SNAPSHOT); }));
  BOOST_TEST(f.parts->outgoing[1]->bytes() >= limits::kAnswerBytesWaitingMax / 2);
  BOOST_TEST(f.parts->outgoing[1]->bytes() <= limits::kAnswerBytesWaitingMax + limits::kWordBytesWaitingMax);
  // Its own vertex is there all the same.
  BOOST_TEST(says(1, schema::PeerLetter::VERTEX));
  f.mesh.stop_agent(f.parts->orderer);
}

BOOST_AUTO_TEST_CASE(a_peer_that_floods_loses_its_own_letters_only) {
  Fixture f;
  const AgentRef liar = f.door_of(1), honest = f.door_of(2);
  constexpr std::size_t kAtOnce = 1000;  // its mailbox bears them
  for (std::size_t sent = 0; sent < 3 * kAtOnce; sent += kAtOnce) {
    for (std::size_t i = 0; i < kAtOnce; ++i) {
      f.mesh.tell(liar, [](schema::PeerLetter::Builder letter) { ask_for_many(letter, 1); });
    }
    // One that is refused, so that it is known when all were taken.
    f.mesh.tell(liar, [](schema::PeerLetter::Builder letter) { ask_for_many(letter, 2); });
    BOOST_REQUIRE(test::comes_true([&] { return f.parts->status().letters_refused == sent / kAtOnce + 1; }));
  }
  const std::size_t bytes_max = limits::received_bytes_per_peer_max(4);
  BOOST_TEST(f.taken() < 3 * kAtOnce);
  BOOST_TEST(f.taken() > kAtOnce);
  BOOST_TEST(f.parts->received_from[1] <= bytes_max);
  BOOST_TEST(f.parts->received_from[1] > bytes_max / 2);
  // There is room for the other; and for both, when it was taken.
  const std::size_t before = f.taken();
  f.mesh.tell(honest, [](schema::PeerLetter::Builder letter) { ask_for_many(letter, 2); });
  BOOST_TEST(test::comes_true([&] { return f.taken() == before + 1; }));
  f.held.clear();
  BOOST_TEST(f.parts->received_from[1] == 0U);
  f.mesh.tell(liar, [](schema::PeerLetter::Builder letter) { ask_for_many(letter, 1); });
  BOOST_TEST(test::comes_true([&] { return f.taken() == 1; }));
}

BOOST_AUTO_TEST_CASE(who_lies_is_not_listened_to_for_a_while) {
  Fixture f;
  DeterministicMesh mesh;
  f.parts->orderer = mesh.mesh().spawn_handlers([](schema::HandedOver::Reader) {});
  const AgentRef liar = mesh.mesh().spawn<Door>(f.parts, *f.committee, f.checker, f.checked, 1);
  mesh.run();
  constexpr std::uint64_t kSent = 10 * limits::kLiesBorne;
  const auto send_forged = [&] {
    for (std::uint64_t i = 0; i < kSent; ++i) {
      mesh.mesh().tell(liar, [](schema::PeerLetter::Builder letter) {
        letter.setFrom(1);
        const std::array<capnp::byte, 64> nothing{};
        auto vertex = letter.initVertex();
        vertex.setHeader({nothing.data(), nothing.size()});
        vertex.setSignature({nothing.data(), nothing.size()});
      });
      mesh.run();
    }
  };
  const auto checked = [&] { return f.parts->status().signatures_checked; };
  send_forged();
  BOOST_TEST(checked() == limits::kLiesBorne);
  BOOST_TEST(f.parts->status().letters_refused == kSent - limits::kLiesBorne);
  // What an honest one asks is lost as well, until then.
  const auto ask = [&] {
    mesh.mesh().tell(liar, [](schema::PeerLetter::Builder letter) { ask_for_many(letter, 1); });
    mesh.run();
    return f.parts->received_from[1] > 0;
  };
  static_cast<void>(f.parts->events.take());
  BOOST_TEST(!ask());
  mesh.advance(limits::kDeafToLiars);
  BOOST_TEST(ask());
  send_forged();
  BOOST_TEST(checked() == 2 * limits::kLiesBorne);
  mesh.mesh().stop_agent(liar);
}

BOOST_AUTO_TEST_CASE(clients_that_submit_more_than_is_taken_in_are_told_to_come_back) {
  Fixture f;
  const AgentRef gate = f.mesh.spawn<Gate>(f.parts, *f.committee, f.checker, f.checked, false);
  const std::string value(60'000, 'x');
  const std::vector<consensus::Transaction> puts(8, consensus::Transaction::put("key", value));
  const std::vector<std::byte> batch = consensus::write_batch(7, 1, puts);
  const auto submit = [&](schema::SubmitBatch::Builder submitted) {
    submitted.setClient(7);
    submitted.setSequence(1);
    submitted.setBatch({reinterpret_cast<const capnp::byte*>(batch.data()), batch.size()});
  };
  const std::size_t fit = limits::kSubmittedBytesMax / batch.size();
  for (std::size_t i = 0; i < fit + 10; ++i) f.mesh.tell<schema::SubmitBatch>(gate, submit);
  const auto one_more = f.mesh.ask<schema::BatchAnswer>(gate, submit, kLimit);
  BOOST_REQUIRE(!one_more);
  BOOST_TEST((one_more.error().code == Errc::overloaded), one_more.error().message);
  BOOST_TEST(f.taken() <= fit);
  BOOST_TEST(f.taken() >= fit - 1);
  f.held.clear();
  f.mesh.tell<schema::SubmitBatch>(gate, submit);
  BOOST_TEST(test::comes_true([&] { return f.taken() == 1; }));
}

BOOST_AUTO_TEST_CASE(an_account_that_is_empty_takes_one_thing_of_any_size) {
  LoadAccount account = 0;
  {
    auto large = Load::take(account, 100, 10);
    BOOST_REQUIRE(large.has_value());
    BOOST_TEST(!Load::take(account, 1, 10));
    BOOST_TEST(account == 100U);
    Load moved = *std::move(large);
    BOOST_TEST(account == 100U);
    moved = {};
    BOOST_TEST(account == 0U);
    const auto small = Load::take(account, 4, 10);
    BOOST_TEST(Load::take(account, 6, 10).has_value());
    BOOST_TEST(!Load::take(account, 7, 10));
  }
  BOOST_TEST(account == 0U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace myelin::validator
