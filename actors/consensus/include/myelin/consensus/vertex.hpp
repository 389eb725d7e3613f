/// The one message of the protocol: a vertex of the DAG, signed by its author.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include <capnp/common.h>
#include <tl/expected.hpp>

#include "myelin/consensus/committee.hpp"
#include "myelin/consensus/crypto.hpp"
#include "myelin/consensus/types.hpp"

namespace myelin::consensus {

/// What a vertex says, before it is bytes.
struct VertexContent {
  Epoch epoch = 0;
  Round round = 0;
  ValidatorIndex author = 0;
  std::vector<VertexRef> parents;  ///< The author's own previous vertex first, then by ascending author.
  IndexedDigest commit_vote;
  IndexedDigest state_vote;
  WallTime time = 0;
};

/// Words that hold a Cap'n Proto message of one segment, as it travels: the segment alone, without a segment table.
///
/// Headers and payloads have one layout: the schema's sizes, each object right behind the one before in the order of
/// the fields, what is empty left out, unused bits zero. Any Cap'n Proto library reads them; but what is valid must not
/// hang on the library, its version or its limits, so nothing else is taken. One content has one encoding.
using Words = std::vector<std::uint64_t>;  // A capnp::word cannot be copied.
inline constexpr std::size_t kWordBytes = sizeof(Words::value_type);
[[nodiscard]] inline std::span<const std::byte> bytes_of(const Words& words) noexcept {
  return std::as_bytes(std::span{words});
}

/// A vertex that was found valid (see read_vertex()), or that we made. Immutable. **Thread-safety**: thread-safe.
class Vertex {
 public:
  /// **Requires**: the parts belong together; read_vertex() and make_vertex() see to that.
  Vertex(VertexContent content, const Digest& digest, Words header, Words payload, std::vector<Digest> batch_digests,
         const Signature& signature) noexcept;

  [[nodiscard]] Epoch epoch() const noexcept { return content_.epoch; }
  [[nodiscard]] Round round() const noexcept { return content_.round; }
  [[nodiscard]] ValidatorIndex author() const noexcept { return content_.author; }
  [[nodiscard]] const Digest& digest() const noexcept { return digest_; }
  [[nodiscard]] VertexRef ref() const noexcept { return {content_.round, content_.author, digest_}; }
  /// The author's own previous vertex first, then by ascending author.
  [[nodiscard]] std::span<const VertexRef> parents() const noexcept { return content_.parents; }
  [[nodiscard]] const IndexedDigest& commit_vote() const noexcept { return content_.commit_vote; }
  [[nodiscard]] const IndexedDigest& state_vote() const noexcept { return content_.state_vote; }
  [[nodiscard]] WallTime time() const noexcept { return content_.time; }

  /// The bytes as they were signed and received: what is stored and sent on.
  [[nodiscard]] const Words& header() const noexcept { return header_; }
  /// A schema::Payload message; empty for none.
  [[nodiscard]] const Words& payload() const noexcept { return payload_; }
  /// batch_digest() of each of batches_of(payload()).
  [[nodiscard]] std::span<const Digest> batch_digests() const noexcept { return batch_digests_; }
  [[nodiscard]] const Signature& signature() const noexcept { return signature_; }

  /// Bytes of memory that it takes, the allocator's own left out.
  [[nodiscard]] std::size_t memory_bytes() const noexcept {
    return sizeof(Vertex) + content_.parents.capacity() * sizeof(VertexRef) +
           (header_.capacity() + payload_.capacity()) * sizeof(capnp::word) +
           batch_digests_.capacity() * sizeof(Digest);
  }

 private:
  VertexContent content_;
  Digest digest_;
  Words header_;
  Words payload_;
  std::vector<Digest> batch_digests_;
  Signature signature_;
};

using VertexPtr = std::shared_ptr<const Vertex>;

/// The parts of a vertex as they travel and are stored, not yet looked at.
struct VertexBytes {
  Words header;
  Words payload;
  Signature signature;
};

/// Why a vertex was refused. All but the last group are a pure function of its bytes and the committee: every honest
/// validator says the same.
enum class Refusal : std::uint8_t {
  malformed,              ///< Not a header in its one layout (see Words).
  too_large,              ///< Header or payload above its cap.
  wrong_epoch,            ///< Of another committee; a replay, perhaps.
  unknown_author,         ///< An index outside the committee.
  bad_round,              ///< Round 0, or one that no honest validator could reach.
  bad_signature,          ///< Not signed by its author.
  no_own_parent,          ///< The first parent is not the author's own.
  parent_unknown_author,  ///< A parent's author is outside the committee.
  parents_unordered,      ///< Two parents of one author, or those after the first not by ascending author.
  parent_not_earlier,     ///< A parent's round is not below the vertex's own.
  bad_genesis,            ///< A parent of round 0 that is not the epoch's genesis.
  no_parent_quorum,       ///< Fewer than a quorum of parents in the round before.
  bad_payload,            ///< The payload is not the one that the header vouches for, or not in its one layout.
  bad_vote,               ///< A commit or state vote that is there, for index 0 or for a digest of zeros.

  stale,             ///< At or below the round that is already collected.
  far_future,        ///< Too many rounds ahead of what we have seen.
  duplicate,         ///< We have it already.
  third_version,     ///< Its author already has two vertices in that round, and nobody builds on this one.
  too_many_waiting,  ///< Its author already has as many vertices waiting for parents as are allowed.
  unrequested,       ///< An answer to a question that was not asked.
};
inline constexpr std::size_t kRefusals = 20;

[[nodiscard]] std::string_view to_string(Refusal reason) noexcept;

/// The one rule of validity: reads, hashes and checks a vertex, its signature last. A pure function of the bytes and
/// the committee, to be called on any thread. **Cost**: about 1 us and the signature's check. **Errors**: see Refusal.
[[nodiscard]] tl::expected<VertexPtr, Refusal> read_vertex(VertexBytes bytes, const Committee& committee,
                                                           const SignatureChecker& checker);

/// read_vertex() for many, whose signatures are then checked at once.
[[nodiscard]] std::vector<tl::expected<VertexPtr, Refusal>> read_vertices(std::vector<VertexBytes> bytes,
                                                                          const Committee& committee,
                                                                          const SignatureChecker& checker);

/// A payload message of these batches; no words for none. **Requires**: each batch of whole words, and not empty; at
/// most limits::kPayloadBatchesMax.
[[nodiscard]] Words make_payload(std::span<const std::span<const std::byte>> batches);
/// The batches of a valid vertex's payload, in place. **Requires**: read_vertex() or make_payload() made it.
[[nodiscard]] std::vector<std::span<const std::byte>> batches_of(const Words& payload);

/// Writes and signs a vertex. Does not check its content: the simulator makes bad ones with it, too. **Requires**:
/// `payload` is from make_payload().
[[nodiscard]] VertexPtr make_vertex(VertexContent content, Words payload, const Signer& signer);

/// The digest that a vertex's author signs.
[[nodiscard]] Digest vertex_digest(Epoch epoch, std::span<const std::byte> header);

}  // namespace myelin::consensus
