/// What validators of one process have checked already.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "agents/parts.hpp"
#include "myelin/consensus/vertex.hpp"
#include "myelin/validator.capnp.h"

namespace myelin::validator {

/// Whether a vertex is valid hangs on its bytes and the committee alone. So where several validators of a committee run
/// in one process and get the same bytes, one of them reads, hashes and checks them for all, and all hold one copy.
/// Found by signature, and believed for equal bytes only. **Thread-safety**: thread-safe.
class CheckedVertices {
 public:
  /// A vertex that somebody sent to a validator, and the epoch of that validator's committee.
  struct Arrived {
    std::shared_ptr<Parts> at;
    consensus::Epoch epoch = 0;
    consensus::ValidatorIndex from = 0;
    consensus::VertexBytes bytes;
  };

  /// The vertex of these bytes, if one of this process holds it. **Cost**: a comparison of the bytes.
  [[nodiscard]] consensus::VertexPtr find(consensus::Epoch epoch, schema::SignedVertex::Reader vertex) const;

  /// True: the caller is to check it, and then to say so with end(). False: another is about to, and `arrived` was left
  /// with them.
  [[nodiscard]] bool begin(Arrived& arrived);

  /// What was left with the caller meanwhile: the same vertex, or others that carry its signature. `vertex`: null for
  /// one that was refused.
  [[nodiscard]] std::vector<Arrived> end(consensus::Epoch epoch, const consensus::Signature& signature,
                                         const consensus::VertexPtr& vertex);

 private:
  using Key = std::pair<consensus::Epoch, std::array<std::uint8_t, 64>>;

  mutable std::mutex mutex_;
  // The last ones, by signature. Cores hold the vertices as long as they want them.
  std::array<std::weak_ptr<const consensus::Vertex>, 1024> recent_;
  std::map<Key, std::vector<Arrived>> begun_;
};

}  // namespace myelin::validator
