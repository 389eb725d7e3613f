#include "cluster/key_ring.hpp"

#include <algorithm>
#include <array>
#include <numeric>

namespace myelin::sim {

KeyRing::KeyRing(std::size_t validators, bool real, Random random)
    : validators_{validators}, real_{real}, secret_{random.next()} {
  if (real) {
    checker_ = std::make_unique<consensus::Ed25519Checker>();
  } else {
    checker_ = std::make_unique<consensus::StubChecker>();
  }
}

KeyRing::Ring& KeyRing::of(consensus::Epoch epoch) {
  const auto found = rings_.find(epoch);
  if (found != rings_.end()) return found->second;
  Ring& ring = rings_[epoch];
  Random random{secret_ ^ scramble(epoch)};
  ring.validators.resize(validators_);
  std::iota(ring.validators.begin(), ring.validators.end(), std::size_t{0});
  if (epoch > 0) random.shuffle(ring.validators);  // In the first, v0 is at 0: timelines read more easily.
  ring.indices.resize(validators_);
  ring.keys.resize(validators_);
  ring.signers.resize(validators_);
  for (std::size_t index = 0; index < validators_; ++index) {
    const std::size_t validator = ring.validators[index];
    ring.indices[validator] = static_cast<consensus::ValidatorIndex>(index);
    std::array<std::uint8_t, 32> bytes{};
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random.next());
    if (real_) {
      auto pair = std::make_unique<consensus::KeyPair>(bytes);
      ring.keys[index] = pair->public_key();
      ring.signers[validator] = std::move(pair);
    } else {
      ring.keys[index].bytes = bytes;
      ring.signers[validator] = std::make_unique<consensus::StubSigner>(ring.keys[index]);
    }
  }
  return ring;
}

std::vector<consensus::Approval> KeyRing::approve(consensus::Epoch epoch, std::span<const consensus::PublicKey> next,
                                                  std::span<const std::size_t> validators) {
  const consensus::Digest digest = consensus::next_committee_digest(epoch, next);
  std::vector<consensus::Approval> approvals;
  for (const std::size_t validator : validators) {
    approvals.push_back({index_of(epoch, validator), signer(epoch, validator).sign(digest)});
  }
  std::ranges::sort(approvals, {}, &consensus::Approval::validator);
  return approvals;
}

}  // namespace myelin::sim
