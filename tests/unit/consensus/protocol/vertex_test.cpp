// What makes a vertex valid, and that each way to fall short of it is refused by its own name.
#include <cstring>
#include <functional>
#include <set>
#include <string>

#include <capnp/message.h>
#include <capnp/serialize.h>
#include <boost/test/unit_test.hpp>

#include "group.hpp"
#include "myelin/consensus.capnp.h"
#include "myelin/consensus/limits.hpp"

using namespace consensus_test;
namespace schema = myelin::schema;
namespace limits = myelin::consensus::limits;

namespace {

std::string refusal_of(VertexBytes bytes, const Group& group) {
  const auto vertex = read_vertex(std::move(bytes), group.committee(), StubChecker{});
  return vertex ? "none" : std::string{to_string(vertex.error())};
}

/// Of a vertex that is made and signed as `content` says.
std::string refusal_of(const VertexContent& content, const Group& group = Group{}) {
  return refusal_of(bytes_of_vertex(*group.make(content)), group);
}

Words batch_of(std::size_t words, std::uint8_t fill) {
  Words batch(words);
  std::memset(batch.data(), fill, words * kWordBytes);
  return batch;
}

Words payload_of(const std::vector<Words>& batches) {
  std::vector<std::span<const std::byte>> spans;
  for (const Words& batch : batches) spans.push_back(bytes_of(batch));
  return make_payload(spans);
}

void flip(Words& words, std::size_t bit) {
  reinterpret_cast<unsigned char*>(words.data())[bit / 8] ^= static_cast<unsigned char>(1U << (bit % 8));
}

/// A vertex with every field set.
VertexPtr full_vertex(const Group& group) {
  VertexContent content = group.content(9, 2);
  content.commit_vote = {12, digest_of(1)};
  content.state_vote = {11, digest_of(2)};
  content.time = -5;
  return group.make(std::move(content), payload_of({batch_of(3, 0xab), batch_of(700, 0xcd)}));
}

kj::ArrayPtr<const capnp::word> segments_of(const Words& words) {
  return {reinterpret_cast<const capnp::word*>(words.data()), words.size()};
}

/// A header by Cap'n Proto's builder, as `fill` will have it, signed.
VertexBytes built(const Group& group, const std::function<void(schema::VertexHeader::Builder)>& fill) {
  capnp::MallocMessageBuilder message;
  fill(message.initRoot<schema::VertexHeader>());
  const auto segments = message.getSegmentsForOutput();
  BOOST_REQUIRE(segments.size() == 1U);
  VertexBytes bytes;
  bytes.header.resize(segments[0].size());
  std::memcpy(bytes.header.data(), segments[0].begin(), segments[0].size() * kWordBytes);
  bytes.signature = group.signer(0).sign(vertex_digest(group.committee().epoch(), bytes_of(bytes.header)));
  return bytes;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(vertex)

BOOST_AUTO_TEST_CASE(comes_back_as_it_was_made) {
  const Group group;
  const VertexPtr made = full_vertex(group);
  const auto read = read_vertex(bytes_of_vertex(*made), group.committee(), StubChecker{});
  BOOST_REQUIRE(read.has_value());
  const Vertex& vertex = **read;
  BOOST_TEST(vertex.epoch() == 7U);
  BOOST_TEST(vertex.round() == 9U);
  BOOST_TEST(vertex.author() == 2U);
  BOOST_TEST(vertex.time() == -5);
  BOOST_TEST((vertex.commit_vote() == IndexedDigest{12, digest_of(1)}));
  BOOST_TEST((vertex.state_vote() == IndexedDigest{11, digest_of(2)}));
  BOOST_TEST(std::ranges::equal(vertex.parents(), made->parents()));
  BOOST_TEST((vertex.ref() == made->ref()));
  BOOST_TEST((vertex.signature() == made->signature()));
  BOOST_TEST(std::ranges::equal(bytes_of(vertex.header()), bytes_of(made->header())));
  BOOST_TEST(std::ranges::equal(bytes_of(vertex.payload()), bytes_of(made->payload())));
}

BOOST_AUTO_TEST_CASE(its_digest_is_over_domain_epoch_and_bytes_and_not_the_signature) {
  const Group group;
  const VertexPtr made = group.vertex(3, 1);
  const Digest expected = Hasher{Domain::vertex}.add(std::uint64_t{7}).add(bytes_of(made->header())).finish();
  BOOST_TEST((made->digest() == expected));
  BOOST_TEST((vertex_digest(8, bytes_of(made->header())) != expected));
}

BOOST_AUTO_TEST_CASE(any_cap_n_proto_reader_reads_it) {
  const Group group;
  const VertexPtr made = full_vertex(group);
  const auto segments = segments_of(made->header());
  capnp::SegmentArrayMessageReader message{kj::arrayPtr(&segments, 1)};
  const auto header = message.getRoot<schema::VertexHeader>();
  BOOST_TEST(header.getEpoch() == 7U);
  BOOST_TEST(header.getRound() == 9U);
  BOOST_TEST(header.getAuthor() == 2U);
  BOOST_TEST(header.getParents().size() == 4U);
  BOOST_TEST(header.getParents()[0].getAuthor() == 2U);
  BOOST_TEST(header.getPayloadBytes() == made->payload().size() * kWordBytes);
  BOOST_TEST(header.getStateVote().getIndex() == 11U);
  const auto payload_segments = segments_of(made->payload());
  capnp::SegmentArrayMessageReader payload_message{kj::arrayPtr(&payload_segments, 1)};
  const auto batches = payload_message.getRoot<schema::Payload>().getBatches();
  BOOST_REQUIRE(batches.size() == 2U);
  BOOST_TEST(batches[0].size() == 24U);
  BOOST_TEST(batches[1].size() == 5600U);
  BOOST_TEST(batches[1][5599] == 0xcdU);
}

BOOST_AUTO_TEST_CASE(largest_committees_vertex_is_within_the_cap) {
  const Group group{limits::kValidatorsMax};
  VertexContent content = group.content(limits::kRoundMax, 63);
  content.commit_vote = {~std::uint64_t{0}, digest_of(1)};
  content.state_vote = {~std::uint64_t{0}, digest_of(2)};
  const VertexPtr made = group.make(std::move(content), payload_of({batch_of(1, 1)}));
  BOOST_TEST(bytes_of(made->header()).size() <= limits::kHeaderBytesMax);
  BOOST_TEST(refusal_of(bytes_of_vertex(*made), group) == "none");
}

BOOST_AUTO_TEST_CASE(one_of_a_lone_validator_is_valid) {
  BOOST_TEST(refusal_of(Group{1}.content(1, 0), Group{1}) == "none");
  BOOST_TEST(refusal_of(Group{1}.content(2, 0), Group{1}) == "none");
}

BOOST_AUTO_TEST_CASE(own_parent_may_be_older_than_the_round_before) {
  const Group group;
  VertexContent content = group.content(9, 2);
  content.parents[0] = group.parent(4, 2);
  BOOST_TEST(refusal_of(content) == "none");
  content.parents[0] = group.parent(0, 2);  // it had none yet
  BOOST_TEST(refusal_of(content) == "none");
}

BOOST_AUTO_TEST_CASE(a_bit_more_or_less_is_refused_wherever_it_is) {
  const Group group;
  const VertexPtr made = full_vertex(group);
  for (std::size_t bit = 0; bit < bytes_of(made->header()).size() * 8; ++bit) {
    VertexBytes bytes = bytes_of_vertex(*made);
    flip(bytes.header, bit);
    BOOST_TEST(refusal_of(std::move(bytes), group) != "none", "bit " << bit);
  }
  for (std::size_t bit = 0; bit < bytes_of(made->payload()).size() * 8; bit += bit < 512 ? 1 : 61) {
    VertexBytes bytes = bytes_of_vertex(*made);
    flip(bytes.payload, bit);
    BOOST_TEST(refusal_of(std::move(bytes), group) == "bad_payload", "bit " << bit);
  }
}

BOOST_AUTO_TEST_CASE(cut_or_stretched_is_refused) {
  const Group group;
  const VertexPtr made = full_vertex(group);
  for (std::size_t words = 0; words < made->header().size(); ++words) {
    VertexBytes bytes = bytes_of_vertex(*made);
    bytes.header.resize(words);
    BOOST_TEST(refusal_of(std::move(bytes), group) == "malformed");
  }
  VertexBytes longer = bytes_of_vertex(*made);
  longer.header.emplace_back();
  BOOST_TEST(refusal_of(std::move(longer), group) == "malformed");
  for (std::size_t words = 0; words < made->payload().size(); ++words) {
    VertexBytes bytes = bytes_of_vertex(*made);
    bytes.payload.resize(words);
    BOOST_TEST(refusal_of(std::move(bytes), group) == "bad_payload");
  }
}

BOOST_AUTO_TEST_CASE(one_content_has_one_encoding) {
  // All of these say the same to a reader of Cap'n Proto, and are signed by the author.
  const Group group;
  const VertexContent content = group.content(1, 0);
  const auto put_parents = [&](schema::VertexHeader::Builder header) {
    auto parents = header.initParents(4);
    for (unsigned i = 0; i < 4; ++i) {
      std::uint64_t words[4];
      std::memcpy(words, content.parents[i].digest.bytes.data(), sizeof words);
      parents[i].setRound(0);
      parents[i].setAuthor(content.parents[i].author);
      parents[i].setWord0(words[0]);
      parents[i].setWord1(words[1]);
      parents[i].setWord2(words[2]);
      parents[i].setWord3(words[3]);
    }
  };
  const auto put_numbers = [](schema::VertexHeader::Builder header) {
    header.setEpoch(7);
    header.setRound(1);
  };
  const VertexBytes plain = built(group, [&](auto header) {
    put_numbers(header);
    put_parents(header);
  });
  BOOST_TEST(refusal_of(plain, group) == "none");
  const VertexBytes with_hole = built(group, [&](auto header) {
    put_numbers(header);
    put_parents(header);
    header.initPayloadRoot();
    header.disownPayloadRoot();
  });
  BOOST_TEST(refusal_of(with_hole, group) == "malformed");
  const VertexBytes in_other_order = built(group, [&](auto header) {
    put_numbers(header);
    header.initCommitVote().setIndex(1);
    header.getCommitVote().initDigest().setWord0(1);
    put_parents(header);
  });
  BOOST_TEST(refusal_of(in_other_order, group) == "malformed");
  const VertexBytes without_parents = built(group, [&](auto header) {
    put_numbers(header);
    header.initParents(0);
  });
  BOOST_TEST(refusal_of(without_parents, group) == "malformed");
}

BOOST_AUTO_TEST_CASE(pointers_that_multiply_are_refused_before_they_are_followed) {
  // Parents that overlap the root, a list that claims half a billion, a pointer to another segment, one back to itself.
  const Group group;
  const std::uint64_t bombs[] = {0x0000'000f'ffff'ffe1ULL | 1, 0xffff'ffff'0000'0001ULL, 0x0000'0000'0000'0002ULL,
                                 0x0006'0004'ffff'fffcULL,     0x0000'0007'0000'000dULL, ~std::uint64_t{0}};
  for (const std::uint64_t bomb : bombs) {
    for (std::size_t pointer : {0, 5, 6, 7, 8}) {
      VertexBytes bytes = bytes_of_vertex(*full_vertex(group));
      bytes.header[pointer] = bomb;
      BOOST_TEST(refusal_of(std::move(bytes), group) == "malformed");
    }
  }
}

BOOST_AUTO_TEST_CASE(too_large_header_or_payload_is_refused_unread) {
  const Group group;
  VertexBytes bytes = bytes_of_vertex(*group.vertex(1, 0));
  VertexBytes header = bytes;
  header.header.resize(limits::kHeaderBytesMax / kWordBytes + 1);
  BOOST_TEST(refusal_of(std::move(header), group) == "too_large");
  VertexBytes payload = bytes;
  payload.payload.resize(limits::kPayloadBytesMax / kWordBytes + 1);
  BOOST_TEST(refusal_of(std::move(payload), group) == "too_large");
}

BOOST_AUTO_TEST_CASE(largest_payload_is_valid) {
  const Group group;
  constexpr std::size_t kWords = limits::kPayloadBytesMax / kWordBytes;
  const Words payload = payload_of({batch_of(kWords - 3, 0x11)});
  BOOST_REQUIRE(payload.size() == kWords);
  BOOST_TEST(refusal_of(bytes_of_vertex(*group.make(group.content(1, 0), payload)), group) == "none");
}

BOOST_AUTO_TEST_CASE(of_another_epoch_is_refused) {
  const Group now;
  const Group before{4, 6};
  BOOST_TEST(refusal_of(bytes_of_vertex(*before.vertex(5, 0)), now) == "wrong_epoch");
}

BOOST_AUTO_TEST_CASE(by_a_stranger_is_refused) {
  VertexContent content = Group{}.content(5, 0);
  content.author = 4;
  content.parents[0].author = 4;
  BOOST_TEST(refusal_of(content) == "unknown_author");
  content.author = 255;
  BOOST_TEST(refusal_of(content) == "unknown_author");
}

BOOST_AUTO_TEST_CASE(of_no_round_or_an_unreachable_one_is_refused) {
  const Group group;
  VertexContent content = group.content(1, 0);
  content.round = 0;
  BOOST_TEST(refusal_of(content) == "bad_round");
  BOOST_TEST(refusal_of(group.content(limits::kRoundMax, 0)) == "none");
  BOOST_TEST(refusal_of(group.content(limits::kRoundMax + 1, 0)) == "bad_round");
}

BOOST_AUTO_TEST_CASE(signed_by_another_or_by_nobody_is_refused) {
  const Group group;
  VertexBytes bytes = bytes_of_vertex(*make_vertex(group.content(5, 0), {}, group.signer(1)));
  BOOST_TEST(refusal_of(bytes, group) == "bad_signature");
  bytes.signature = {};
  BOOST_TEST(refusal_of(bytes, group) == "bad_signature");
}

BOOST_AUTO_TEST_CASE(without_own_parent_in_front_is_refused) {
  const Group group;
  VertexContent content = group.content(5, 1);
  std::swap(content.parents[0], content.parents[1]);
  BOOST_TEST(refusal_of(content) == "no_own_parent");
  content.parents.clear();
  BOOST_TEST(refusal_of(content) == "no_own_parent");
}

BOOST_AUTO_TEST_CASE(with_a_strangers_parent_is_refused) {
  VertexContent content = Group{}.content(5, 0);
  content.parents.push_back({4, 4, digest_of(1)});
  BOOST_TEST(refusal_of(content) == "parent_unknown_author");
  content.parents.back().author = 200;
  BOOST_TEST(refusal_of(content) == "parent_unknown_author");
}

BOOST_AUTO_TEST_CASE(with_parents_out_of_order_is_refused) {
  const Group group;
  VertexContent swapped = group.content(5, 1);
  std::swap(swapped.parents[2], swapped.parents[3]);
  BOOST_TEST(refusal_of(swapped) == "parents_unordered");
  VertexContent twice = group.content(5, 1);
  twice.parents.push_back({3, 3, digest_of(1)});
  BOOST_TEST(refusal_of(twice) == "parents_unordered");
  VertexContent own_twice = group.content(5, 3);
  own_twice.parents.push_back({3, 3, digest_of(1)});
  BOOST_TEST(refusal_of(own_twice) == "parents_unordered");
  VertexContent own_in_the_middle = group.content(5, 1);
  own_in_the_middle.parents.insert(own_in_the_middle.parents.begin() + 2, VertexRef{3, 1, digest_of(1)});
  BOOST_TEST(refusal_of(own_in_the_middle) == "parents_unordered");
}

BOOST_AUTO_TEST_CASE(with_a_parent_of_its_own_round_or_later_is_refused) {
  VertexContent content = Group{}.content(5, 0);
  content.parents[3].round = 5;
  BOOST_TEST(refusal_of(content) == "parent_not_earlier");
  content.parents[3].round = ~std::uint64_t{0};
  BOOST_TEST(refusal_of(content) == "parent_not_earlier");
}

BOOST_AUTO_TEST_CASE(with_a_made_up_genesis_is_refused) {
  const Group group;
  VertexContent first = group.content(1, 0);
  first.parents[2].digest = digest_of(1);
  BOOST_TEST(refusal_of(first) == "bad_genesis");
  VertexContent later = group.content(5, 0);
  later.parents[3] = {0, 3, group.committee().genesis(2).digest};
  BOOST_TEST(refusal_of(later) == "bad_genesis");
}

BOOST_AUTO_TEST_CASE(without_a_quorum_of_parents_in_the_round_before_is_refused) {
  const Group group;
  VertexContent three = group.content(5, 0);
  three.parents[3].round = 2;
  BOOST_TEST(refusal_of(three) == "none");
  VertexContent two = three;
  two.parents[1].round = 3;
  BOOST_TEST(refusal_of(two) == "no_parent_quorum");
  VertexContent few = group.content(1, 0);
  few.parents.resize(2);
  BOOST_TEST(refusal_of(few) == "no_parent_quorum");
}

BOOST_AUTO_TEST_CASE(with_another_payload_than_its_header_says_is_refused) {
  const Group group;
  const Words payload = payload_of({batch_of(3, 1)});
  const VertexPtr with = group.make(group.content(5, 0), payload);
  const VertexPtr without = group.vertex(5, 0);
  BOOST_TEST(refusal_of({with->header(), {}, with->signature()}, group) == "bad_payload");
  BOOST_TEST(refusal_of({without->header(), payload, without->signature()}, group) == "bad_payload");
  BOOST_TEST(refusal_of({with->header(), payload_of({batch_of(3, 2)}), with->signature()}, group) == "bad_payload");
}

BOOST_AUTO_TEST_CASE(with_a_payload_that_is_none_is_refused) {
  const Group group;
  const VertexPtr with = group.make(group.content(5, 0), payload_of({batch_of(5, 1)}));
  for (const std::uint8_t fill : {0x00, 0xff}) {
    BOOST_TEST(refusal_of({with->header(), batch_of(with->payload().size(), fill), with->signature()}, group) ==
               "bad_payload");
  }
}

BOOST_AUTO_TEST_CASE(with_an_empty_batch_or_too_many_is_refused_although_the_header_vouches_for_them) {
  const Group group;
  const auto refusal_with = [&](const Words& payload) {
    return refusal_of(bytes_of_vertex(*group.make(group.content(5, 0), payload)), group);
  };
  std::vector<Words> many(limits::kPayloadBatchesMax, batch_of(1, 1));
  BOOST_TEST(refusal_with(payload_of(many)) == "none");
  many.push_back(batch_of(1, 1));
  BOOST_TEST(refusal_with(payload_of(many)) == "bad_payload");
  BOOST_TEST(refusal_with(payload_of({batch_of(1, 1), Words{}})) == "bad_payload");
}

BOOST_AUTO_TEST_CASE(a_payload_root_without_payload_is_refused) {
  const Group group;
  const VertexBytes bytes = built(group, [&](auto header) {
    header.setEpoch(7);
    header.initPayloadRoot();
  });
  BOOST_TEST(refusal_of(bytes, group) == "bad_payload");
}

BOOST_AUTO_TEST_CASE(that_votes_for_nothing_is_refused) {
  const Group group;
  VertexContent content = group.content(5, 0);
  content.commit_vote = {0, digest_of(1)};
  BOOST_TEST(refusal_of(content) == "bad_vote");
  content.commit_vote = {1, {}};
  BOOST_TEST(refusal_of(content) == "bad_vote");
  content.commit_vote = {1, digest_of(1)};
  content.state_vote = {0, digest_of(1)};
  BOOST_TEST(refusal_of(content) == "bad_vote");
  const VertexBytes there_but_empty = built(group, [](auto header) { header.initCommitVote(); });
  BOOST_TEST(refusal_of(there_but_empty, group) == "bad_vote");
}

BOOST_AUTO_TEST_CASE(many_are_read_as_one_by_one) {
  const Group group;
  std::vector<VertexBytes> bytes;
  for (ValidatorIndex author = 0; author < 4; ++author) bytes.push_back(bytes_of_vertex(*group.vertex(5, author)));
  bytes[1].signature = {};
  bytes.insert(bytes.begin(), VertexBytes{});
  const auto vertices = read_vertices(bytes, group.committee(), StubChecker{});
  BOOST_REQUIRE(vertices.size() == 5U);
  BOOST_TEST((vertices[0].error() == Refusal::malformed));
  BOOST_TEST(vertices[1].value()->author() == 0U);
  BOOST_TEST((vertices[2].error() == Refusal::bad_signature));
  BOOST_TEST(vertices[3].value()->author() == 2U);
  BOOST_TEST(vertices[4].value()->author() == 3U);
  BOOST_TEST(read_vertices({}, group.committee(), StubChecker{}).empty());
}

BOOST_AUTO_TEST_CASE(every_refusal_has_its_own_name) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kRefusals; ++i) names.insert(to_string(static_cast<Refusal>(i)));
  BOOST_TEST(names.size() == kRefusals);
  BOOST_TEST(!names.contains("unknown"));
  BOOST_TEST(to_string(static_cast<Refusal>(kRefusals)) == "unknown");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(payload)

BOOST_AUTO_TEST_CASE(gives_its_batches_back_in_place) {
  const std::vector<Words> batches{batch_of(1, 1), batch_of(1000, 2), batch_of(2, 3)};
  const Words payload = payload_of(batches);
  const auto read = batches_of(payload);
  BOOST_REQUIRE(read.size() == 3U);
  for (std::size_t i = 0; i < 3; ++i) BOOST_TEST(std::ranges::equal(read[i], bytes_of(batches[i])));
  BOOST_TEST(read[0].data() >= bytes_of(payload).data());
  BOOST_TEST(read[2].data() + read[2].size() == bytes_of(payload).data() + bytes_of(payload).size());
}

BOOST_AUTO_TEST_CASE(of_nothing_is_nothing) {
  BOOST_TEST(make_payload({}).empty());
  BOOST_TEST(batches_of({}).empty());
}

BOOST_AUTO_TEST_SUITE_END()
