/// Whether honest validators say one thing a round, and nothing before it is safe.
#pragma once

#include <cstddef>
#include <map>
#include <utility>

#include "checkers/violation.hpp"
#include "myelin/consensus/types.hpp"

namespace myelin::sim {

/// Remembers across crashes, unlike those it watches. **Thread-safety**: thread-compatible.
class OwnVertices {
 public:
  /// An honest validator's own vertex leaves it. `is_durable`: whether its log has it where no crash can touch it.
  void sent(std::size_t validator, consensus::Epoch epoch, const consensus::VertexRef& ref, bool is_durable) {
    const auto [entry, is_new] = sent_[{validator, epoch}].try_emplace(ref.round, ref.digest);
    if (!is_new && entry->second != ref.digest) {
      violate("an honest validator has one vertex a round", "v{} sent a second one: {}, and before it {}", validator,
              to_string(ref), to_string(consensus::VertexRef{ref.round, ref.author, entry->second}));
    }
    if (!is_durable) {
      violate("nothing is sent before it is durable", "v{} sent {}, which is not synced", validator, to_string(ref));
    }
  }

 private:
  std::map<std::pair<std::size_t, consensus::Epoch>, std::map<consensus::Round, consensus::Digest>> sent_;
};

}  // namespace myelin::sim
