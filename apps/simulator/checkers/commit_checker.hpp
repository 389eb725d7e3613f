/// Whether honest validators commit the same, in order, and each commit is what the DAG says.
#pragma once

#include <cstddef>
#include <map>
#include <unordered_set>
#include <vector>

#include "checkers/dag_mirror.hpp"
#include "myelin/consensus/commit.hpp"

namespace myelin::sim {

/// Watches each epoch by itself: what a core commits after the commit that ended its epoch is void, and yet must be the
/// same everywhere. **Thread-safety**: thread-compatible.
class CommitChecker {
 public:
  /// A validator starts an epoch, after commit `start`, of this digest.
  void begin_epoch(std::size_t validator, consensus::Epoch epoch, std::size_t validators,
                   const consensus::IndexedDigest& start);

  /// An honest validator accepted a vertex.
  void accepted(consensus::Epoch epoch, const consensus::VertexRef& ref, std::span<const consensus::VertexRef> parents);
  /// An honest validator's core put out a commit; throws Violation where it is not as it must be.
  void committed(std::size_t validator, consensus::Epoch epoch, const consensus::Commit& commit);
  /// An honest validator came back from its log, and says that this was its last commit.
  void recovered(std::size_t validator, consensus::Epoch epoch, const consensus::IndexedDigest& last) const;
  /// An honest validator executed up to a commit; throws Violation where others got another root.
  void executed(std::size_t validator, const consensus::IndexedDigest& state);

  /// At the end of a run: decides everything once more, by another way, and compares.
  void check_decisions() const;

  /// The last commit of the epoch that anybody made.
  [[nodiscard]] consensus::CommitIndex last(consensus::Epoch epoch) const;
  /// The round of a commit's leader; 0 where nobody made that commit.
  [[nodiscard]] consensus::Round leader_round(consensus::Epoch epoch, consensus::CommitIndex index) const;
  [[nodiscard]] consensus::Round highest_round() const;

 private:
  struct Agreed {
    consensus::VertexRef leader;
    std::vector<consensus::VertexRef> vertices;
    consensus::Digest digest;
    consensus::WallTime time = 0;
  };
  struct EpochState {
    EpochState(std::size_t validators, const consensus::IndexedDigest& after) : dag{validators}, start{after} {}
    [[nodiscard]] consensus::CommitIndex last() const noexcept { return start.index + commits.size(); }

    DagMirror dag;
    consensus::IndexedDigest start;
    std::vector<Agreed> commits;
    std::unordered_set<consensus::Digest> ordered;
    consensus::Round collected = 0;
  };

  static void check_first(std::size_t validator, EpochState& epoch, const Agreed& commit);

  std::map<consensus::Epoch, EpochState> epochs_;
  std::map<consensus::CommitIndex, consensus::Digest> roots_;
};

}  // namespace myelin::sim
