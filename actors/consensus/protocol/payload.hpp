/// A payload's one layout.
#pragma once

#include "myelin/consensus/vertex.hpp"

namespace myelin::consensus {

/// Whether the words are what make_payload() makes of at least one batch and at most limits::kPayloadBatchesMax: then
/// batches_of() can read them unchecked. What is in the batches it does not ask. **Cost**: 1 ns a batch.
[[nodiscard]] bool is_payload(const Words& words) noexcept;

/// batch_digest() of each of its batches. **Requires**: is_payload(), or no words.
[[nodiscard]] std::vector<Digest> digests_of(const Words& payload);

}  // namespace myelin::consensus
