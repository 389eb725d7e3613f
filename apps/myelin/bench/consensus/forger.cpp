#include "bench/consensus/forger.hpp"

#include <array>
#include <chrono>
#include <cstring>
#include <span>
#include <utility>

#include "myelin/validator.capnp.h"

namespace myelin::tool {

namespace {

/// More than a validator takes in: where one does not read, this one is held up.
constexpr Duration kTick = std::chrono::milliseconds{1};
constexpr int kLettersATick = 100;

capnp::Data::Reader data_of(const consensus::Words& words) {
  return {reinterpret_cast<const capnp::byte*>(words.data()), words.size() * consensus::kWordBytes};
}

}  // namespace

Forger::Forger(consensus::Committee committee, consensus::ValidatorIndex self, std::vector<AgentRef> doors)
    : committee_{std::move(committee)}, self_{self}, doors_{std::move(doors)} {
  consensus::VertexContent content;
  content.epoch = committee_.epoch();
  content.round = 1;
  content.author = self_;
  content.parents.push_back(committee_.genesis(self_));
  for (std::size_t i = 0; i < committee_.size(); ++i) {
    const auto other = static_cast<consensus::ValidatorIndex>(i);
    if (other != self_) content.parents.push_back(committee_.genesis(other));
  }
  // Any key's signature has the form of one.
  constexpr std::array<std::uint8_t, 32> kSeed{7};
  vertex_ = consensus::make_vertex(std::move(content), {}, consensus::KeyPair{kSeed});
  signature_ = vertex_->signature();
}

void Forger::on_start() {
  every(kTick, [this] { flood(); });
}

void Forger::flood() {
  for (int i = 0; i < kLettersATick; ++i) {
    // Another one each time: nobody has checked it before.
    std::uint64_t number = 0;
    std::memcpy(&number, signature_.bytes.data(), sizeof number);
    ++number;
    std::memcpy(signature_.bytes.data(), &number, sizeof number);
    for (const AgentRef& door : doors_) {
      tell(door, [this](schema::PeerLetter::Builder letter) {
        letter.setEpoch(committee_.epoch());
        letter.setFrom(self_);
        auto vertex = letter.initVertex();
        vertex.setHeader(data_of(vertex_->header()));
        vertex.setSignature({signature_.bytes.data(), signature_.bytes.size()});
      });
    }
  }
}

}  // namespace myelin::tool
