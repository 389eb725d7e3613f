// DAGs as the protocol allows them, and the orders in which validators may come to know them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "myelin/consensus/committee.hpp"
#include "myelin/consensus/vertex.hpp"
#include "seeds.hpp"

namespace consensus_model {

using namespace myelin::consensus;

/// A committee of that size; keys and all else are the same every time.
Committee committee_of(std::size_t size);

/// How a DAG is to be. Chances are in percent.
struct DagShape {
  Round rounds = 12;
  unsigned skips = 0;         ///< That an honest validator leaves a round out.
  unsigned links = 0;         ///< That a vertex links to one beyond the quorum it needs.
  unsigned weak_links = 0;    ///< That it links to an older one of an author it has no link to.
  unsigned twins = 0;         ///< That a Byzantine validator makes another version.
  bool isolates_one = false;  ///< Nobody links to one validator for most of the time, and then somebody does.

  /// A shape that the seed picks.
  static DagShape random(Random& random, Round rounds);
};

/// Every vertex stands after its parents. The last faults_max() of a random order of validators are Byzantine: they
/// make several vertices a round, leave rounds out, and build on whichever of their own they like. The others are
/// honest: at most one vertex a round, each on the one before.
struct RandomDag {
  std::vector<VertexPtr> vertices;
  std::vector<std::vector<std::size_t>> parents;  ///< By vertex: its parents' places, but for the genesis.
  AuthorMask byzantine = 0;
};

RandomDag random_dag(const Committee& committee, const DagShape& shape, Random& random);

/// The vertices in an order in which one validator may come to have them: each after its parents, some authors late.
std::vector<std::size_t> random_order(const RandomDag& dag, std::size_t authors, Random& random);

}  // namespace consensus_model
