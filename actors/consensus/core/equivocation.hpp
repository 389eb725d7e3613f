/// Catches validators that sign two vertices of one round.
#pragma once

#include <optional>
#include <set>
#include <utility>

#include "myelin/consensus/evidence.hpp"

namespace myelin::consensus {

/// Accuses an author once a round. **Thread-safety**: thread-compatible.
class EquivocationWatch {
 public:
  /// Evidence from two vertices of one author and round; nothing where that was shown already.
  [[nodiscard]] std::optional<Evidence> accuse(const Vertex& first, const Vertex& second);
  /// Forgets rounds up to this one.
  void collect(Round collected);

 private:
  std::set<std::pair<Round, ValidatorIndex>> accused_;
};

}  // namespace myelin::consensus
