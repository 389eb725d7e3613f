// One validator's view of a DAG: what it decides and commits as it comes to know more.
#pragma once

#include <vector>

#include "myelin/consensus/dag/committer.hpp"
#include "myelin/consensus/dag/dag_store.hpp"
#include "myelin/consensus/dag/linearizer.hpp"
#include "reference_rule.hpp"

namespace consensus_model {

using namespace myelin::consensus;

class View {
 public:
  View(const Committee& committee, const CommitRule& rule)
      : dag_{committee, rule.certificate_quorum}, committer_{committee, dag_, rule}, linearizer_{committee, dag_} {}

  /// Of one that joins where others have got to.
  View(const Committee& committee, const CommitRule& rule, const CommitTail& tail) : View{committee, rule} {
    linearizer_.restart(tail);
    dag_.collect(linearizer_.collected(), linearizer_.collected(), [](const DagNode&) {});
    if (tail.commits.empty()) return;
    const VertexRef& leader = tail.commits.back().leader;
    committer_.restart_after(leader.round, leader.author);
  }
  View(const View&) = delete;
  View& operator=(const View&) = delete;

  /// Takes a vertex in, unless it is of a collected round. **Requires**: its parents are in, or settled, or collected.
  void insert(const VertexPtr& vertex) {
    if (vertex->round() <= dag_.collected()) return;
    DagNode& node = dag_.insert(vertex);
    linearizer_.inserted(node);
    committer_.inserted(node);
    std::vector<Decision> decisions;
    committer_.take_decided(decisions);
    for (const Decision& decision : decisions) {
      decided_.push_back(decision.vertex != nullptr ? decision.vertex->vertex : nullptr);
      if (decision.vertex != nullptr) commits_.push_back(linearizer_.commit(*decision.vertex));
    }
    if (linearizer_.collected() > dag_.collected()) {
      dag_.collect(linearizer_.collected(), linearizer_.collected(), [](const DagNode&) {});
    }
  }

  const Slots& decided() const { return decided_; }
  const std::vector<Commit>& commits() const { return commits_; }
  const Linearizer& linearizer() const { return linearizer_; }

 private:
  DagStore dag_;
  Committer committer_;
  Linearizer linearizer_;
  Slots decided_;
  std::vector<Commit> commits_;
};

}  // namespace consensus_model
