#include "byzantine/forgery.hpp"

#include <cstring>

#include "myelin/consensus/limits.hpp"

namespace myelin::sim {

using consensus::VertexBytes;
using consensus::VertexContent;
using consensus::Words;

namespace {

void set_word(Words& words, std::size_t at, std::uint64_t value) {
  std::memcpy(static_cast<void*>(&words[at]), &value, sizeof value);
}

void sign_again(VertexBytes& bytes, consensus::Epoch epoch, const consensus::Signer& signer) {
  bytes.signature = signer.sign(consensus::vertex_digest(epoch, consensus::bytes_of(bytes.header)));
}

void flip_bits(Words& words, Random& random) {
  if (words.empty()) return;
  for (std::uint64_t flips = random.between(std::uint64_t{1}, 4); flips > 0; --flips) {
    const std::size_t at = random.below(words.size());
    std::uint64_t value = 0;
    std::memcpy(&value, &words[at], sizeof value);
    set_word(words, at, value ^ std::uint64_t{1} << random.below(64));
  }
}

/// A header of pointers only: structs within structs, each with many pointers back into the same words. Whoever follows
/// them without a limit never ends.
Words bomb(Random& random) {
  Words words(random.between(std::uint64_t{4}, 200));
  const auto count = static_cast<std::uint64_t>(words.size());
  for (std::size_t at = 0; at < words.size(); ++at) {
    const std::uint64_t back = (count - random.below(at + 1)) & 0x3fff'ffff;
    const bool is_list = random.chance(0.5);
    const std::uint64_t sizes = is_list ? (std::uint64_t{6} << 32 | std::uint64_t{0x1fff'ffff} << 35)
                                        : (std::uint64_t{0xffff} << 48 | std::uint64_t{6} << 32);
    set_word(words, at, (is_list ? 1 : 0) | back << 2 | sizes);
  }
  return words;
}

}  // namespace

consensus::Digest invent_digest(Random& random) {
  consensus::Digest digest;
  for (std::uint8_t& byte : digest.bytes) byte = static_cast<std::uint8_t>(random.next());
  return digest;
}

VertexContent content_of(const consensus::Vertex& vertex) {
  return {.epoch = vertex.epoch(),
          .round = vertex.round(),
          .author = vertex.author(),
          .parents = {vertex.parents().begin(), vertex.parents().end()},
          .commit_vote = vertex.commit_vote(),
          .state_vote = vertex.state_vote(),
          .time = vertex.time()};
}

VertexBytes forge_bytes(const consensus::Vertex& good, const consensus::Signer& signer, Random& random) {
  VertexBytes bytes{good.header(), good.payload(), good.signature()};
  switch (random.below(12)) {
    case 0:
      bytes.header.resize(random.below(64));
      for (std::size_t i = 0; i < bytes.header.size(); ++i) set_word(bytes.header, i, random.next());
      break;
    case 1: flip_bits(bytes.header, random); return bytes;
    case 2: flip_bits(bytes.header, random); break;
    case 3: bytes.header.resize(random.below(bytes.header.size())); break;
    case 4: bytes.header.resize(bytes.header.size() + random.between(std::uint64_t{1}, 40)); break;
    case 5: bytes.header.resize(consensus::limits::kHeaderBytesMax / sizeof(capnp::word) + 1); break;
    case 6: bytes.header.clear(); break;
    case 7: flip_bits(bytes.payload, random); return bytes;
    case 8: bytes.payload.resize(bytes.payload.size() + 1); return bytes;
    case 9: bytes.signature.bytes[random.below(64)] ^= 1; return bytes;
    case 10:
      if (random.chance(0.02)) bytes.payload.resize(consensus::limits::kPayloadBytesMax / sizeof(capnp::word) + 1);
      return bytes;
    default: bytes.header = bomb(random); break;
  }
  sign_again(bytes, good.epoch(), signer);
  return bytes;
}

consensus::VertexPtr forge_vertex(const consensus::Vertex& good, const consensus::Signer& signer,
                                  std::size_t validators, Random& random) {
  VertexContent content = content_of(good);
  auto& parents = content.parents;
  consensus::VertexRef& some = random.pick(parents);
  switch (random.below(11)) {
    case 0: content.epoch += 1; break;
    case 1: content.author = static_cast<consensus::ValidatorIndex>(validators + random.below(256 - validators)); break;
    case 2: content.round = random.chance(0.5) ? 0 : consensus::limits::kRoundMax + 1 + random.below(1000); break;
    case 3: parents.erase(parents.begin()); break;
    case 4: some.author = static_cast<consensus::ValidatorIndex>(validators); break;
    case 5: parents.push_back(some); break;
    case 6: some.round = content.round + random.below(3); break;
    case 7: some = {0, some.author, invent_digest(random)}; break;
    case 8: parents.resize(1); break;
    case 9: content.commit_vote = {0, invent_digest(random)}; break;
    default: content.author = static_cast<consensus::ValidatorIndex>(random.below(validators)); break;  // Not ours.
  }
  return consensus::make_vertex(std::move(content), good.payload(), signer);
}

}  // namespace myelin::sim
