// Validators of one process check a vertex once for all of them, and believe that for its very bytes only.
#include "agents/checked_vertices.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "../../support/comes_true.hpp"
#include "../../support/expect_success.hpp"
#include "agents/door.hpp"
#include "agents/parts.hpp"
#include "group_fixture.hpp"
#include "myelin/actors/deterministic_mesh.hpp"
#include "myelin/consensus/committee.hpp"
#include "myelin/consensus/limits.hpp"
#include "myelin/serialization/arena.hpp"
#include "myelin/serialization/frame_builder.hpp"

namespace myelin::validator {

namespace {

using consensus::Refusal;
using consensus::VertexBytes;
using consensus::VertexPtr;

constexpr consensus::ValidatorIndex kAuthor = 2;

/// Has something happen while the first check is under way.
class InterruptedChecker final : public consensus::SignatureChecker {
 public:
  explicit InterruptedChecker(std::function<void()> meanwhile) : meanwhile_{std::move(meanwhile)} {}

  void check(std::span<const consensus::SignedDigest> items, std::span<bool> valid) const override {
    if (const auto once = std::exchange(meanwhile_, nullptr)) once();
    consensus::Ed25519Checker{}.check(items, valid);
  }

 private:
  mutable std::function<void()> meanwhile_;
};

VertexBytes bytes_of(const consensus::Vertex& vertex) {
  return {vertex.header(), vertex.payload(), vertex.signature()};
}

void fill(schema::PeerLetter::Builder letter, const VertexBytes& bytes) {
  const auto data = [](const consensus::Words& words) {
    return capnp::Data::Reader{reinterpret_cast<const capnp::byte*>(words.data()),
                               words.size() * consensus::kWordBytes};
  };
  letter.setFrom(kAuthor);
  auto vertex = letter.initVertex();
  vertex.setHeader(data(bytes.header));
  vertex.setPayload(data(bytes.payload));
  vertex.setSignature({bytes.signature.bytes.data(), bytes.signature.bytes.size()});
}

/// Validators 0 and 1 of four in one process, and a vertex of round 1 that validator 2 has signed.
struct Fixture {
  Fixture() {
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
    for (std::shared_ptr<Parts>* parts : {&first, &second}) {
      *parts = std::make_shared<Parts>();
      (*parts)->self = parts == &first ? 0 : 1;
      (*parts)->directory = std::make_shared<Directory>(4);
      (*parts)->orderer = mesh.mesh().spawn_handlers([](schema::HandedOver::Reader) {});
    }
    vertex = sign(payload_of("one"), 1);
  }
  static consensus::Words payload_of(std::string_view text) {
    std::vector<std::byte> batch(64);
    std::memcpy(batch.data(), text.data(), text.size());
    const std::array<std::span<const std::byte>, 1> batches{batch};
    return consensus::make_payload(batches);
  }
  [[nodiscard]] VertexPtr sign(consensus::Words payload, consensus::WallTime time) const {
    consensus::VertexContent content;
    content.round = 1;
    content.author = kAuthor;
    content.time = time;
    content.parents.push_back(committee->genesis(kAuthor));
    for (const consensus::ValidatorIndex other : {0, 1, 3}) content.parents.push_back(committee->genesis(other));
    return consensus::make_vertex(std::move(content), std::move(payload), *keys[kAuthor]);
  }
  [[nodiscard]] CheckedVertices::Arrived arrived(const std::shared_ptr<Parts>& at, VertexBytes bytes) const {
    return {at, 0, kAuthor, std::move(bytes)};
  }
  /// Gives `early` to the first validator, and `late` to the second while that is checked.
  void overlap(const VertexBytes& early, const VertexBytes& late) {
    bool is_left = false;
    const InterruptedChecker checker{[&] {
      auto other = arrived(second, late);
      is_left = !checked.begin(other);
    }};
    const AgentRef door = mesh.mesh().spawn<Door>(first, *committee, checker, checked, kAuthor);
    mesh.run();
    mesh.mesh().tell(door, [&](schema::PeerLetter::Builder letter) { fill(letter, early); });
    mesh.run();
    mesh.mesh().stop_agent(door);
    mesh.run();
    BOOST_TEST(is_left);
  }
  /// What came to a validator's core: one event.
  static consensus::Event only_event_of(Parts& parts) {
    auto events = parts.events.take();
    BOOST_REQUIRE(events.size() == 1U);
    return std::get<EpochEvent>(std::move(events.front())).event;
  }
  static bool took(Parts& parts, const VertexBytes& bytes) {
    const consensus::Event event = only_event_of(parts);
    const auto* const received = std::get_if<consensus::Received>(&event);
    if (received == nullptr) return false;
    const auto* const vertex = std::get_if<VertexPtr>(&received->message);
    return vertex != nullptr && (*vertex)->header() == bytes.header && (*vertex)->payload() == bytes.payload;
  }
  static bool refused(Parts& parts, Refusal reason) {
    const consensus::Event event = only_event_of(parts);
    const auto* const rejected = std::get_if<consensus::Rejected>(&event);
    return rejected != nullptr && rejected->from == kAuthor && rejected->reason == reason;
  }

  DeterministicMesh mesh;
  std::vector<std::unique_ptr<consensus::KeyPair>> keys;
  std::optional<consensus::Committee> committee;
  std::shared_ptr<Parts> first, second;
  CheckedVertices checked;
  VertexPtr vertex;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(checked_vertices, Fixture)

BOOST_AUTO_TEST_CASE(what_was_checked_is_found_by_its_very_bytes_only) {
  auto mine = arrived(first, bytes_of(*vertex));
  BOOST_TEST(checked.begin(mine));
  BOOST_TEST(checked.end(0, vertex->signature(), vertex).empty());
  const auto find = [&](consensus::Epoch epoch, const VertexBytes& bytes) {
    const Frame frame =
        make_frame<schema::PeerLetter>([&](schema::PeerLetter::Builder letter) { fill(letter, bytes); });
    ArenaReader reader{frame};
    return checked.find(epoch, reader.root().getAs<schema::PeerLetter>().getVertex());
  };
  BOOST_TEST((find(0, bytes_of(*vertex)) == vertex));
  BOOST_TEST((find(1, bytes_of(*vertex)) == nullptr));
  VertexBytes other = bytes_of(*vertex);
  other.payload = payload_of("two");
  BOOST_TEST((find(0, other) == nullptr));
  other = bytes_of(*vertex);
  other.header = sign(payload_of("one"), 2)->header();
  BOOST_TEST((find(0, other) == nullptr));
  other = bytes_of(*vertex);
  other.signature.bytes[63] ^= 1U;  // in the same place
  BOOST_TEST((find(0, other) == nullptr));
}

BOOST_AUTO_TEST_CASE(who_waits_for_a_check_of_the_same_bytes_is_given_the_same_vertex) {
  overlap(bytes_of(*vertex), bytes_of(*vertex));
  BOOST_TEST(first->status().signatures_checked == 1U);
  BOOST_TEST(second->status().signatures_checked == 0U);
  BOOST_TEST(took(*first, bytes_of(*vertex)));
  BOOST_TEST(took(*second, bytes_of(*vertex)));
}

BOOST_AUTO_TEST_CASE(the_same_signature_with_another_payload_is_judged_by_itself) {
  VertexBytes other = bytes_of(*vertex);
  other.payload = payload_of("two");
  overlap(bytes_of(*vertex), other);
  BOOST_TEST(took(*first, bytes_of(*vertex)));
  BOOST_TEST(refused(*second, Refusal::bad_payload));
}

BOOST_AUTO_TEST_CASE(a_liar_who_is_first_with_another_header_spoils_nothing) {
  VertexBytes other = bytes_of(*vertex);
  other.header = sign(payload_of("one"), 2)->header();
  overlap(other, bytes_of(*vertex));
  BOOST_TEST(refused(*first, Refusal::bad_signature));
  BOOST_TEST(took(*second, bytes_of(*vertex)));
}

BOOST_AUTO_TEST_CASE(no_more_than_a_committee_s_worth_is_kept_waiting_for_one_check) {
  const auto comes = [&] {
    auto another = arrived(second, bytes_of(*vertex));
    return checked.begin(another);
  };
  BOOST_TEST(comes());
  for (std::size_t i = 0; i < consensus::limits::kValidatorsMax; ++i) BOOST_REQUIRE(!comes());
  // Those beyond are checked by whoever brings them.
  BOOST_TEST(comes());
  BOOST_TEST(comes());
  BOOST_TEST(checked.end(0, vertex->signature(), vertex).size() == consensus::limits::kValidatorsMax);
  BOOST_TEST(checked.end(0, vertex->signature(), vertex).empty());
  BOOST_TEST(comes());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(checked_vertices_of_a_group)

BOOST_AUTO_TEST_CASE(each_is_checked_about_once_by_four_validators) {
  struct Counts {
    std::uint64_t made = 0, checked = 0, accepted = 0;
  };
  test::GroupFixture f;
  const auto count = [&] {
    Counts counts;
    for (std::size_t i = 0; i < f.group->size(); ++i) {
      const ValidatorStatus status = f.group->status(i);
      counts.made += status.core.proposed;
      counts.checked += status.signatures_checked;
      counts.accepted += status.core.accepted;
    }
    return counts;
  };
  // Each for himself would check three a vertex, always. What is asked for again is checked again, which a machine with
  // much else to do brings about: so it is looked at until that does not.
  BOOST_TEST(test::comes_true([&] {
    const Counts before = count();
    for (int i = 0; i < 50; ++i) f.get(f.memory.add("count", 1));
    Counts since;
    if (!test::comes_true([&] { return (since = count()).made >= before.made + 200; })) return false;
    since.made -= before.made;
    since.checked -= before.checked;
    since.accepted -= before.accepted;
    BOOST_TEST_MESSAGE(since.made << " vertices made, " << since.checked << " signatures checked, " << since.accepted
                                  << " accepted");
    return since.accepted > 2 * since.made && since.checked > since.made / 2 && since.checked < 2 * since.made;
  }));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace myelin::validator
