/// Vertices for tests, made by name: `dag.vertex(1, 2)` is validator 1's vertex of round 2 with everyone's vertices of
/// round 1 as parents.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <vector>

#include "myelin/consensus/committee.hpp"
#include "myelin/consensus/dag/committer.hpp"
#include "myelin/consensus/dag/dag_store.hpp"
#include "myelin/consensus/dag/linearizer.hpp"
#include "myelin/consensus/vertex.hpp"

namespace myelin::consensus::test {

inline PublicKey stub_key(std::size_t validator) {
  PublicKey key;
  key.bytes[0] = static_cast<std::uint8_t>(validator + 1);
  return key;
}

inline Committee stub_committee(std::size_t size, Epoch epoch = 0) {
  std::vector<PublicKey> keys;
  for (std::size_t i = 0; i < size; ++i) keys.push_back(stub_key(i));
  return Committee::create(epoch, std::move(keys), {}).value();
}

/// A DAG, its commit rule and its linearizer, without a core around them.
class DagBuilder {
 public:
  explicit DagBuilder(std::size_t validators = 4)
      : committee{stub_committee(validators)},
        dag{committee, CommitRule::of(committee).certificate_quorum},
        committer{committee, dag, CommitRule::of(committee)},
        linearizer{committee, dag} {}

  /// A vertex with these parents, the author's own previous vertex first if none of them is its author's. Not inserted.
  VertexPtr make(ValidatorIndex author, Round round, std::vector<VertexRef> parents, WallTime time = 0) const {
    VertexContent content;
    content.round = round;
    content.author = author;
    std::vector<VertexRef> ordered;
    for (const VertexRef& ref : parents) {
      if (ref.author == author) ordered.push_back(ref);
    }
    for (const VertexRef& ref : parents) {
      if (ref.author != author) ordered.push_back(ref);
    }
    content.parents = std::move(ordered);
    content.time = time;
    return make_vertex(std::move(content), {}, StubSigner{committee.key(author)});
  }

  DagNode& insert(const VertexPtr& vertex) {
    DagNode& node = dag.insert(vertex);
    linearizer.inserted(node);
    committer.inserted(node);
    return node;
  }

  /// The first-seen vertices of a round but for these authors', as parents; of round 0 the genesis.
  std::vector<VertexRef> all_of(Round round, std::initializer_list<int> without = {}) {
    std::vector<VertexRef> refs;
    for (std::size_t i = 0; i < committee.size(); ++i) {
      const auto author = static_cast<ValidatorIndex>(i);
      if (std::ranges::find(without, static_cast<int>(i)) != without.end()) continue;
      if (round == 0) {
        refs.push_back(committee.genesis(author));
      } else if (const DagRound* const in = dag.round(round); in != nullptr && in->first[author].vertex) {
        refs.push_back(in->first[author].vertex->ref());
      }
    }
    return refs;
  }

  DagNode& vertex(ValidatorIndex author, Round round, std::initializer_list<int> without = {}, WallTime time = 0) {
    return insert(make(author, round, all_of(round - 1, without), time));
  }

  /// A vertex by each author but these, with all of the round before as parents.
  void round(Round round, std::initializer_list<int> absent = {}) {
    for (std::size_t i = 0; i < committee.size(); ++i) {
      if (std::ranges::find(absent, static_cast<int>(i)) == absent.end()) vertex(static_cast<ValidatorIndex>(i), round);
    }
  }
  void rounds(Round first, Round last) {
    for (Round each = first; each <= last; ++each) round(each);
  }

  std::vector<Decision> decided() {
    std::vector<Decision> decisions;
    committer.take_decided(decisions);
    return decisions;
  }

  const Committee committee;
  DagStore dag;
  Committer committer;
  Linearizer linearizer;
};

}  // namespace myelin::consensus::test
