// A committee with its keys, and vertices of it that are valid as they are.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "myelin/consensus/committee.hpp"
#include "myelin/consensus/crypto.hpp"
#include "myelin/consensus/vertex.hpp"

namespace consensus_test {

using namespace myelin::consensus;

inline Digest digest_of(std::uint64_t number) { return Hasher{Domain::batch_leaf}.add(number).finish(); }

class Group {
 public:
  explicit Group(std::size_t size = 4, Epoch epoch = 7) : committee_{create(size, epoch)} {}

  const Committee& committee() const { return committee_; }
  StubSigner signer(ValidatorIndex author) const { return StubSigner{committee_.key(author)}; }

  /// Of a vertex whose parents are everybody's vertices in the round before; those of rounds from 1 are made up.
  VertexContent content(Round round, ValidatorIndex author) const {
    VertexContent content;
    content.epoch = committee_.epoch();
    content.round = round;
    content.author = author;
    content.time = 1'000 + author;
    content.parents.push_back(parent(round - 1, author));
    for (std::size_t other = 0; other < committee_.size(); ++other) {
      if (other != author) content.parents.push_back(parent(round - 1, static_cast<ValidatorIndex>(other)));
    }
    return content;
  }
  VertexRef parent(Round round, ValidatorIndex author) const {
    return round == 0 ? committee_.genesis(author) : VertexRef{round, author, digest_of(round * 64 + author)};
  }
  VertexPtr make(VertexContent content, Words payload = {}) const {
    const ValidatorIndex signs = content.author < committee_.size() ? content.author : ValidatorIndex{0};
    return make_vertex(std::move(content), std::move(payload), signer(signs));
  }
  VertexPtr vertex(Round round, ValidatorIndex author) const { return make(content(round, author)); }

 private:
  static Committee create(std::size_t size, Epoch epoch) {
    std::vector<PublicKey> keys(size);
    for (std::size_t i = 0; i < size; ++i) keys[i].bytes.fill(static_cast<std::uint8_t>(i + 1));
    return Committee::create(epoch, std::move(keys), {}).value();
  }

  Committee committee_;
};

inline VertexBytes bytes_of_vertex(const Vertex& vertex) {
  return {vertex.header(), vertex.payload(), vertex.signature()};
}

}  // namespace consensus_test
