/// All vertices that any honest validator ever accepted, as plain data: what the other checkers compute from.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <unordered_map>
#include <vector>

#include "myelin/consensus/types.hpp"

namespace myelin::sim {

/// The vertices of one epoch. Nothing is ever collected here. **Thread-safety**: thread-compatible.
class DagMirror {
 public:
  struct Node {
    consensus::VertexRef ref;
    std::vector<consensus::VertexRef> parents;
  };

  explicit DagMirror(std::size_t validators) : validators_{validators} {}

  void add(const consensus::VertexRef& ref, std::span<const consensus::VertexRef> parents);
  [[nodiscard]] const Node* find(const consensus::Digest& digest) const;
  [[nodiscard]] std::size_t validators() const noexcept { return validators_; }
  [[nodiscard]] std::size_t quorum() const noexcept { return validators_ - (validators_ - 1) / 3; }
  [[nodiscard]] consensus::Round highest() const noexcept { return rounds_.empty() ? 0 : rounds_.rbegin()->first; }
  /// The vertices of a round, in the order in which they were first accepted.
  [[nodiscard]] std::span<const Node* const> round(consensus::Round round) const;
  [[nodiscard]] std::size_t size() const noexcept { return nodes_.size(); }

 private:
  std::size_t validators_;
  std::unordered_map<consensus::Digest, Node> nodes_;
  std::map<consensus::Round, std::vector<const Node*>> rounds_;
};

}  // namespace myelin::sim
