#include "protocol/vertex_reading.hpp"

#include <capnp/serialize.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "myelin/consensus.capnp.h"
#include "myelin/consensus/limits.hpp"
#include "myelin/serialization/flat_struct.hpp"
#include "protocol/layout.hpp"
#include "protocol/payload.hpp"

namespace myelin::consensus {

namespace {

using layout::ElementSize;
using HeaderReader = schema::VertexHeader::Reader;

template <class T>
constexpr std::size_t kData = flat::kDataWords<T>;
template <class T>
constexpr std::size_t kPointers = flat::kPointers<T>;

/// Walks over a header's objects, each of which must lie right behind the one before.
class HeaderWalk {
 public:
  explicit HeaderWalk(const Words& words) noexcept : words_{words} {}

  /// Whether the words are a header, the whole of it, in the one layout there is. Then it can be read unchecked.
  bool whole_header() noexcept {
    using Root = schema::VertexHeader;
    static_assert(kData<Root> == 4 && kPointers<Root> == 4, "the bits below lie elsewhere");
    constexpr std::uint64_t kUnusedBits = 0x0000'0000'ffff'ff00;  // between author and payloadBytes
    constexpr std::size_t kParents = 1 + kData<Root>;             // pointers in the order of the fields' numbers
    next_ = 1 + kData<Root> + kPointers<Root>;
    return words_.size() >= next_ && at(0) == layout::struct_pointer(0, 1, kData<Root>, kPointers<Root>) &&
           (at(3) & kUnusedBits) == 0 && parents(kParents) && digest(kParents + 1) && state_at(kParents + 2) &&
           state_at(kParents + 3) && next_ == words_.size();
  }

 private:
  std::uint64_t at(std::size_t place) const noexcept { return words_[place]; }
  bool has_room(std::size_t words) const noexcept { return words <= words_.size() - next_; }

  bool parents(std::size_t pointer) noexcept {
    if (at(pointer) == 0) return true;
    constexpr std::size_t kWords = kData<schema::VertexHeader::Parent>;
    static_assert(kWords == 6 && kPointers<schema::VertexHeader::Parent> == 0);
    const std::size_t words = layout::list_count(at(pointer));
    const std::size_t count = words / kWords;
    if (count == 0 || words % kWords != 0 || !has_room(1 + words)) return false;
    if (at(pointer) != layout::list_pointer(pointer, next_, ElementSize::composite, words)) return false;
    if (at(next_) != layout::list_tag(count, kWords, 0)) return false;
    ++next_;
    for (std::size_t i = 0; i < count; ++i, next_ += kWords) {
      if (at(next_ + 1) > 0xff) return false;  // the author, and bits that nothing uses
    }
    return true;
  }

  bool digest(std::size_t pointer) noexcept {
    if (at(pointer) == 0) return true;
    constexpr std::size_t kWords = kData<schema::Digest256>;
    if (!has_room(kWords) || at(pointer) != layout::struct_pointer(pointer, next_, kWords, 0)) return false;
    next_ += kWords;
    return true;
  }

  bool state_at(std::size_t pointer) noexcept {
    if (at(pointer) == 0) return true;
    using StateAt = schema::VertexHeader::StateAt;
    constexpr std::size_t kWords = kData<StateAt> + kPointers<StateAt>;
    static_assert(kPointers<StateAt> == 1);
    if (!has_room(kWords)) return false;
    if (at(pointer) != layout::struct_pointer(pointer, next_, kData<StateAt>, kPointers<StateAt>)) return false;
    next_ += kWords;
    return digest(next_ - 1);
  }

  const Words& words_;
  std::size_t next_ = 0;  // where the next object must begin; never beyond the end
};

/// Of a schema::Digest256 or a parent.
template <class Reader>
Digest digest_of(const Reader& reader) noexcept {
  const std::uint64_t words[] = {reader.getWord0(), reader.getWord1(), reader.getWord2(), reader.getWord3()};
  Digest digest;
  static_assert(sizeof words == sizeof digest.bytes);
  std::memcpy(digest.bytes.data(), words, sizeof words);
  return digest;
}

IndexedDigest vote_of(const schema::VertexHeader::StateAt::Reader& reader) noexcept {
  return {reader.getIndex(), digest_of(reader.getDigest())};
}

/// A vote is for something, or it is not there.
bool is_bad_vote(bool is_there, const IndexedDigest& vote) noexcept {
  return is_there && (vote.index == 0 || vote.digest == Digest{});
}

std::optional<Refusal> refuse_parents(const VertexContent& vertex, const Committee& committee) noexcept {
  if (vertex.parents.empty() || vertex.parents.front().author != vertex.author) return Refusal::no_own_parent;
  std::size_t in_round_before = 0;
  AuthorMask seen = 0;
  for (const VertexRef& parent : vertex.parents) {
    if (parent.author >= committee.size()) return Refusal::parent_unknown_author;
    // The first is the author's own; of the others each must be above those before, and not the author's again.
    const AuthorMask others = seen & ~mask_of(vertex.author);
    if ((seen & mask_of(parent.author)) != 0 || (seen != 0 && others >= mask_of(parent.author))) {
      return Refusal::parents_unordered;
    }
    seen |= mask_of(parent.author);
    if (parent.round >= vertex.round) return Refusal::parent_not_earlier;
    if (parent.round == 0 && parent != committee.genesis(parent.author)) return Refusal::bad_genesis;
    if (parent.round == vertex.round - 1) ++in_round_before;
  }
  if (in_round_before < committee.quorum()) return Refusal::no_parent_quorum;
  return std::nullopt;
}

std::optional<Refusal> refuse_header(const VertexContent& vertex, const Committee& committee) noexcept {
  if (vertex.epoch != committee.epoch()) return Refusal::wrong_epoch;
  if (vertex.author >= committee.size()) return Refusal::unknown_author;
  if (vertex.round == 0 || vertex.round > limits::kRoundMax) return Refusal::bad_round;
  return refuse_parents(vertex, committee);
}

/// The digests of the payload's batches, if it is the one that the header vouches for.
std::optional<std::vector<Digest>> vouched_for(const Words& payload, const Header& header) {
  if (payload.size() * kWordBytes != header.payload_bytes) return std::nullopt;
  if (!payload.empty() && !is_payload(payload)) return std::nullopt;
  std::vector<Digest> digests = digests_of(payload);
  if (payload_root(digests) != header.payload_root) return std::nullopt;
  return digests;
}

}  // namespace

tl::expected<Header, Refusal> read_header(const Words& words) {
  if (words.size() * kWordBytes > limits::kHeaderBytesMax) return tl::unexpected{Refusal::too_large};
  if (!HeaderWalk{words}.whole_header()) return tl::unexpected{Refusal::malformed};
  const auto reader =
      capnp::readMessageUnchecked<schema::VertexHeader>(reinterpret_cast<const capnp::word*>(words.data()));
  Header header;
  header.payload_bytes = reader.getPayloadBytes();
  if (reader.hasPayloadRoot() != (header.payload_bytes != 0)) return tl::unexpected{Refusal::bad_payload};
  header.payload_root = digest_of(reader.getPayloadRoot());
  VertexContent& content = header.content;
  content.epoch = reader.getEpoch();
  content.round = reader.getRound();
  content.author = reader.getAuthor();
  const auto parents = reader.getParents();
  content.parents.reserve(parents.size());
  for (const auto parent : parents) {
    content.parents.push_back({parent.getRound(), parent.getAuthor(), digest_of(parent)});
  }
  content.commit_vote = vote_of(reader.getCommitVote());
  content.state_vote = vote_of(reader.getStateVote());
  if (is_bad_vote(reader.hasCommitVote(), content.commit_vote) ||
      is_bad_vote(reader.hasStateVote(), content.state_vote)) {
    return tl::unexpected{Refusal::bad_vote};
  }
  content.time = reader.getTime();
  return header;
}

tl::expected<VertexPtr, Refusal> read_unsigned(VertexBytes bytes, const Committee& committee) {
  // By size before anything is read or hashed.
  if (bytes.payload.size() * kWordBytes > limits::kPayloadBytesMax) return tl::unexpected{Refusal::too_large};
  tl::expected<Header, Refusal> header = read_header(bytes.header);
  if (!header) return tl::unexpected{header.error()};
  if (const auto refusal = refuse_header(header->content, committee)) return tl::unexpected{*refusal};
  std::optional<std::vector<Digest>> digests = vouched_for(bytes.payload, *header);
  if (!digests) return tl::unexpected{Refusal::bad_payload};
  const Digest digest = vertex_digest(header->content.epoch, bytes_of(bytes.header));
  return std::make_shared<const Vertex>(std::move(header->content), digest, std::move(bytes.header),
                                        std::move(bytes.payload), *std::move(digests), bytes.signature);
}

namespace {

SignedDigest signed_digest(const Vertex& vertex, const Committee& committee) {
  return {vertex.digest(), vertex.signature(), committee.key(vertex.author())};
}

}  // namespace

tl::expected<VertexPtr, Refusal> read_vertex(VertexBytes bytes, const Committee& committee,
                                             const SignatureChecker& checker) {
  auto vertex = read_unsigned(std::move(bytes), committee);
  if (!vertex) return vertex;
  const SignedDigest item = signed_digest(**vertex, committee);
  bool is_valid = false;
  checker.check({&item, 1}, {&is_valid, 1});
  if (!is_valid) return tl::unexpected{Refusal::bad_signature};
  return vertex;
}

std::vector<tl::expected<VertexPtr, Refusal>> read_vertices(std::vector<VertexBytes> bytes, const Committee& committee,
                                                            const SignatureChecker& checker) {
  std::vector<tl::expected<VertexPtr, Refusal>> vertices;
  vertices.reserve(bytes.size());
  std::vector<SignedDigest> items;
  items.reserve(bytes.size());
  for (VertexBytes& one : bytes) {
    const auto& vertex = vertices.emplace_back(read_unsigned(std::move(one), committee));
    if (vertex) items.push_back(signed_digest(**vertex, committee));
  }
  const auto valid = std::make_unique<bool[]>(items.size());
  checker.check(items, {valid.get(), items.size()});
  std::size_t item = 0;
  for (auto& vertex : vertices) {
    if (vertex && !valid[item++]) vertex = tl::unexpected{Refusal::bad_signature};
  }
  return vertices;
}

}  // namespace myelin::consensus
