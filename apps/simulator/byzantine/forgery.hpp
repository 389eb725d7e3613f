/// Bytes that are no vertex, or none that may be.
#pragma once

#include "engine/random.hpp"
#include "myelin/consensus/crypto.hpp"
#include "myelin/consensus/vertex.hpp"

namespace myelin::sim {

/// One of many kinds of bad bytes, made from a good vertex: noise, wrong bits with and without a signature over them,
/// cut or grown headers, payloads that are not the one named, pointers in circles, lists of billions.
[[nodiscard]] consensus::VertexBytes forge_bytes(const consensus::Vertex& good, const consensus::Signer& signer,
                                                 Random& random);

/// A vertex that breaks one rule of validity, else well made and signed.
[[nodiscard]] consensus::VertexPtr forge_vertex(const consensus::Vertex& good, const consensus::Signer& signer,
                                                std::size_t validators, Random& random);

/// A digest that nothing has.
[[nodiscard]] consensus::Digest invent_digest(Random& random);

/// What a vertex says, to be changed.
[[nodiscard]] consensus::VertexContent content_of(const consensus::Vertex& vertex);

}  // namespace myelin::sim
