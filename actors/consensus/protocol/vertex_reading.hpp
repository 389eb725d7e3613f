/// The rules of validity, apart from the signature's: what a vertex's bytes must be.
#pragma once

#include <cstdint>

#include <tl/expected.hpp>

#include "myelin/consensus/committee.hpp"
#include "myelin/consensus/vertex.hpp"

namespace myelin::consensus {

/// A header's fields.
struct Header {
  VertexContent content;
  Digest payload_root;
  std::uint32_t payload_bytes = 0;
};

/// Reads a header, whatever committee it is for. **Errors**: too_large, malformed, bad_vote, bad_payload.
[[nodiscard]] tl::expected<Header, Refusal> read_header(const Words& words);

/// read_vertex() without the signature's check: for bytes that something else vouches for.
[[nodiscard]] tl::expected<VertexPtr, Refusal> read_unsigned(VertexBytes bytes, const Committee& committee);

}  // namespace myelin::consensus
