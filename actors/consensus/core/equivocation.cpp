#include "core/equivocation.hpp"

namespace myelin::consensus {

std::optional<Evidence> EquivocationWatch::accuse(const Vertex& first, const Vertex& second) {
  if (!accused_.emplace(first.round(), first.author()).second) return std::nullopt;
  return make_evidence(first, second);
}

void EquivocationWatch::collect(Round collected) {
  accused_.erase(accused_.begin(), accused_.lower_bound({collected + 1, 0}));
}

}  // namespace myelin::consensus
