// The commit rule once more, as it is written down and without a thought of cost: it looks at all of the DAG each time,
// and shares no code with the one that is tested.
#pragma once

#include <vector>

#include "myelin/consensus/committee.hpp"
#include "myelin/consensus/vertex.hpp"

namespace consensus_model {

/// What became of a slot: a vertex, or null where it was skipped.
using Slots = std::vector<myelin::consensus::VertexPtr>;

/// The slots that are decided once these vertices are known, from (1, 0) without a gap.
/// **Requires**: with each vertex its parents.
Slots decide(const myelin::consensus::Committee& committee, const std::vector<myelin::consensus::VertexPtr>& known);

}  // namespace consensus_model
