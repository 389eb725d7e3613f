#include "cluster/world.hpp"

#include <algorithm>

namespace myelin::sim {

tl::expected<consensus::VertexPtr, consensus::Refusal> World::read(const consensus::VertexPtr& vertex,
                                                                   const consensus::Committee& committee) {
  const auto found = read_.find(vertex.get());
  if (found != read_.end() && found->second.epoch == committee.epoch()) return found->second.result;
  auto result =
      consensus::read_vertex({vertex->header(), vertex->payload(), vertex->signature()}, committee, keys.checker());
  if (result &&
      ((*result)->digest() != vertex->digest() || !std::ranges::equal((*result)->parents(), vertex->parents()))) {
    violate("a vertex is read as it was written", "{} became {}", to_string(vertex->ref()),
            to_string((*result)->ref()));
  }
  // One object a vertex: the result of a good one stands for it from now on.
  if (result) result = vertex;
  read_.insert_or_assign(vertex.get(), Read{vertex, committee.epoch(), result});
  return result;
}

}  // namespace myelin::sim
