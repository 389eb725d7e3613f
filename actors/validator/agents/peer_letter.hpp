/// What validators say to each other, as frames.
#pragma once

#include <variant>
#include <vector>

#include "myelin/consensus/core.hpp"
#include "myelin/serialization/frame.hpp"
#include "myelin/validator.capnp.h"

namespace myelin::validator {

/// About how large the letter would be.
[[nodiscard]] std::size_t letter_bytes(const consensus::PeerMessage& message);

/// The message as a letter. **Errors**: frame_too_large: a snapshot that no frame can carry.
[[nodiscard]] Result<Frame> make_letter(consensus::Epoch epoch, consensus::ValidatorIndex from,
                                        const consensus::PeerMessage& message);

/// A message whose vertices have not been through read_vertex() yet.
struct UncheckedVertices {
  std::vector<consensus::VertexBytes> vertices;
  bool is_reply = false;  ///< To a request: else it is one vertex, of its own accord.
  consensus::Round forgotten = 0;
};
using ReadLetter = std::variant<consensus::PeerMessage, UncheckedVertices>;

/// What a letter says; whether a statement in it is_signed_by() its sender is not looked at. **Errors**: bad_frame,
/// naming the field.
[[nodiscard]] Result<ReadLetter> read_letter(schema::PeerLetter::Reader letter, const consensus::Committee& committee);

}  // namespace myelin::validator
