#include "checkers/dag_mirror.hpp"

namespace myelin::sim {

void DagMirror::add(const consensus::VertexRef& ref, std::span<const consensus::VertexRef> parents) {
  const auto [entry, is_new] = nodes_.try_emplace(ref.digest);
  if (!is_new) return;
  entry->second = Node{ref, {parents.begin(), parents.end()}};
  rounds_[ref.round].push_back(&entry->second);
}

const DagMirror::Node* DagMirror::find(const consensus::Digest& digest) const {
  const auto found = nodes_.find(digest);
  return found == nodes_.end() ? nullptr : &found->second;
}

std::span<const DagMirror::Node* const> DagMirror::round(consensus::Round round) const {
  const auto found = rounds_.find(round);
  if (found == rounds_.end()) return {};
  return found->second;
}

}  // namespace myelin::sim
