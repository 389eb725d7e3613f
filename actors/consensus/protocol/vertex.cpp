#include "myelin/consensus/vertex.hpp"

#include <capnp/message.h>

#include <cstring>
#include <utility>

#include "myelin/consensus.capnp.h"
#include "protocol/payload.hpp"

namespace myelin::consensus {

namespace {

/// Of a schema::Digest256 or a parent.
template <class Builder>
void put_digest(Builder builder, const Digest& digest) {
  std::uint64_t words[4];
  static_assert(sizeof words == sizeof digest.bytes);
  std::memcpy(words, digest.bytes.data(), sizeof words);
  builder.setWord0(words[0]);
  builder.setWord1(words[1]);
  builder.setWord2(words[2]);
  builder.setWord3(words[3]);
}

void put_vote(schema::VertexHeader::StateAt::Builder builder, const IndexedDigest& vote) {
  builder.setIndex(vote.index);
  put_digest(builder.initDigest(), vote.digest);
}

/// In the layout that read_vertex() takes: objects in the order of their fields, what is nothing left out.
Words header_of(const VertexContent& content, const Words& payload, std::span<const Digest> batch_digests) {
  // The fields, a word of every list and struct, and 6 words a parent: always one segment.
  constexpr std::size_t kWordsAtLeast = 32;
  Words scratch(kWordsAtLeast + 6 * content.parents.size());
  capnp::MallocMessageBuilder message{kj::arrayPtr(reinterpret_cast<capnp::word*>(scratch.data()), scratch.size())};
  auto header = message.initRoot<schema::VertexHeader>();
  header.setEpoch(content.epoch);
  header.setRound(content.round);
  header.setAuthor(content.author);
  if (!content.parents.empty()) {
    auto parents = header.initParents(static_cast<unsigned>(content.parents.size()));
    for (unsigned i = 0; i < parents.size(); ++i) {
      parents[i].setRound(content.parents[i].round);
      parents[i].setAuthor(content.parents[i].author);
      put_digest(parents[i], content.parents[i].digest);
    }
  }
  if (!payload.empty()) {
    header.setPayloadBytes(static_cast<std::uint32_t>(payload.size() * kWordBytes));
    put_digest(header.initPayloadRoot(), payload_root(batch_digests));
  }
  if (content.commit_vote != IndexedDigest{}) put_vote(header.initCommitVote(), content.commit_vote);
  if (content.state_vote != IndexedDigest{}) put_vote(header.initStateVote(), content.state_vote);
  header.setTime(content.time);
  const auto segments = message.getSegmentsForOutput();
  KJ_ASSERT(segments.size() == 1);
  Words words(segments[0].size());
  std::memcpy(words.data(), segments[0].begin(), words.size() * kWordBytes);
  return words;
}

}  // namespace

Vertex::Vertex(VertexContent content, const Digest& digest, Words header, Words payload,
               std::vector<Digest> batch_digests, const Signature& signature) noexcept
    : content_{std::move(content)},
      digest_{digest},
      header_{std::move(header)},
      payload_{std::move(payload)},
      batch_digests_{std::move(batch_digests)},
      signature_{signature} {}

VertexPtr make_vertex(VertexContent content, Words payload, const Signer& signer) {
  std::vector<Digest> batch_digests = digests_of(payload);
  Words header = header_of(content, payload, batch_digests);
  const Digest digest = vertex_digest(content.epoch, bytes_of(header));
  return std::make_shared<const Vertex>(std::move(content), digest, std::move(header), std::move(payload),
                                        std::move(batch_digests), signer.sign(digest));
}

Digest vertex_digest(Epoch epoch, std::span<const std::byte> header) {
  return Hasher{Domain::vertex}.add(epoch).add(header).finish();
}

std::string_view to_string(Refusal reason) noexcept {
  switch (reason) {
    case Refusal::malformed: return "malformed";
    case Refusal::too_large: return "too_large";
    case Refusal::wrong_epoch: return "wrong_epoch";
    case Refusal::unknown_author: return "unknown_author";
    case Refusal::bad_round: return "bad_round";
    case Refusal::bad_signature: return "bad_signature";
    case Refusal::no_own_parent: return "no_own_parent";
    case Refusal::parent_unknown_author: return "parent_unknown_author";
    case Refusal::parents_unordered: return "parents_unordered";
    case Refusal::parent_not_earlier: return "parent_not_earlier";
    case Refusal::bad_genesis: return "bad_genesis";
    case Refusal::no_parent_quorum: return "no_parent_quorum";
    case Refusal::bad_payload: return "bad_payload";
    case Refusal::bad_vote: return "bad_vote";
    case Refusal::stale: return "stale";
    case Refusal::far_future: return "far_future";
    case Refusal::duplicate: return "duplicate";
    case Refusal::third_version: return "third_version";
    case Refusal::too_many_waiting: return "too_many_waiting";
    case Refusal::unrequested: return "unrequested";
  }
  return "unknown";
}

}  // namespace myelin::consensus
