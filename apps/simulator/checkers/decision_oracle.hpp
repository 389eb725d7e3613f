/// The commit rule once more, as the papers write it: no masks, no cursors, everything looked up anew.
#pragma once

#include <vector>

#include "checkers/dag_mirror.hpp"

namespace myelin::sim {

/// The leaders that the rule commits on all that was ever accepted, in order, up to the first slot that is not decided.
/// Whoever saw less must have decided a beginning of this.
/// Throws Violation where the rule contradicts itself: a slot that is both committed and skipped, or two versions of it
/// certified. **Cost**: some us a round at 4 validators, growing with their cube.
[[nodiscard]] std::vector<consensus::VertexRef> decide_all(const DagMirror& dag);

}  // namespace myelin::sim
