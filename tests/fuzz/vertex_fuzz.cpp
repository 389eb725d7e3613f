// A vertex from a stranger: either a refusal, or one that obeys the rules, that Cap'n Proto's own reader reads alike,
// and whose content has no other encoding.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <vector>

#include <capnp/serialize.h>

#include "myelin/consensus.capnp.h"
#include "myelin/consensus/evidence.hpp"
#include "myelin/consensus/limits.hpp"
#include "myelin/consensus/vertex.hpp"

namespace {

using namespace myelin::consensus;

/// Lets every signature pass: a fuzzer makes none.
class AnySignature final : public SignatureChecker {
 public:
  void check(std::span<const SignedDigest>, std::span<bool> valid) const override { std::ranges::fill(valid, true); }
};

const Committee& committee() {
  static const Committee four = [] {
    std::vector<PublicKey> keys(4);
    for (std::size_t i = 0; i < keys.size(); ++i) keys[i].bytes[0] = static_cast<std::uint8_t>(i);
    return Committee::create(7, keys, {}).value();
  }();
  return four;
}

Words words_of(std::span<const std::uint8_t> bytes) {
  Words words(bytes.size() / kWordBytes);
  if (!words.empty()) std::memcpy(words.data(), bytes.data(), words.size() * kWordBytes);
  return words;
}

void require(bool holds) {
  if (!holds) std::abort();
}

void check_rules(const Vertex& vertex) {
  require(vertex.epoch() == 7 && vertex.author() < 4 && vertex.round() >= 1 && vertex.round() <= limits::kRoundMax);
  const auto parents = vertex.parents();
  require(!parents.empty() && parents.front().author == vertex.author());
  std::vector<ValidatorIndex> authors;
  std::size_t before = 0;
  for (const VertexRef& parent : parents) {
    require(parent.author < 4 && parent.round < vertex.round());
    require(parent.round > 0 || parent == committee().genesis(parent.author));
    if (parent.round + 1 == vertex.round()) ++before;
    authors.push_back(parent.author);
  }
  require(before >= 3 && std::is_sorted(authors.begin() + 1, authors.end()));
  std::ranges::sort(authors);
  require(std::ranges::adjacent_find(authors) == authors.end());
}

void check_against_library(const Vertex& vertex) {
  const kj::ArrayPtr<const capnp::word> segment{reinterpret_cast<const capnp::word*>(vertex.header().data()),
                                                vertex.header().size()};
  capnp::SegmentArrayMessageReader message{kj::arrayPtr(&segment, 1)};
  const auto header = message.getRoot<myelin::schema::VertexHeader>();
  require(header.getEpoch() == vertex.epoch() && header.getRound() == vertex.round());
  require(header.getAuthor() == vertex.author() && header.getTime() == vertex.time());
  require(header.getParents().size() == vertex.parents().size());
  require(header.getCommitVote().getIndex() == vertex.commit_vote().index);
  std::size_t bytes = 0;
  for (const auto batch : batches_of(vertex.payload())) bytes += batch.size();
  require(bytes <= bytes_of(vertex.payload()).size());
}

void check_one_encoding(const Vertex& vertex) {
  VertexContent content;
  content.epoch = vertex.epoch();
  content.round = vertex.round();
  content.author = vertex.author();
  content.parents.assign(vertex.parents().begin(), vertex.parents().end());
  content.commit_vote = vertex.commit_vote();
  content.state_vote = vertex.state_vote();
  content.time = vertex.time();
  const VertexPtr again = make_vertex(std::move(content), vertex.payload(), StubSigner{{}});
  require(again->digest() == vertex.digest());
  require(std::ranges::equal(bytes_of(again->header()), bytes_of(vertex.header())));
  if (vertex.payload().empty()) return;
  const auto batches = batches_of(vertex.payload());
  require(std::ranges::equal(bytes_of(make_payload(batches)), bytes_of(vertex.payload())));
}

}  // namespace

// A byte that says how many words of header there are, the header, the payload.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto rest = std::span{data, size}.subspan(1);
  const std::size_t header_bytes = std::min<std::size_t>(std::size_t{data[0]} * kWordBytes, rest.size());
  VertexBytes bytes{
      .header = words_of(rest.first(header_bytes)), .payload = words_of(rest.subspan(header_bytes)), .signature = {}};

  Evidence evidence;
  evidence.epoch = 7;
  evidence.first.header = bytes.header;
  if (check_evidence(evidence, committee(), AnySignature{})) std::abort();  // of one header there is none

  const auto vertex = read_vertex(std::move(bytes), committee(), AnySignature{});
  if (!vertex) return 0;
  check_rules(**vertex);
  check_against_library(**vertex);
  check_one_encoding(**vertex);
  return 0;
}
