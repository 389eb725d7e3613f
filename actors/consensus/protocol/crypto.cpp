#include "myelin/consensus/crypto.hpp"

#include <sodium.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>
#include <vector>

namespace myelin::consensus {

namespace {

static_assert(std::endian::native == std::endian::little, "numbers are hashed as they lie in memory");

const unsigned char* octets(const void* bytes) noexcept { return static_cast<const unsigned char*>(bytes); }

constexpr std::size_t kLeafBytes = 4096;

// Lets libsodium pick its fastest code for this processor; until then it takes the slowest.
[[maybe_unused]] const bool is_ready = sodium_init() >= 0;

}  // namespace

Hasher::Hasher(Domain domain) noexcept {
  static_assert(sizeof(crypto_generichash_state) <= sizeof state_);
  crypto_generichash_init(reinterpret_cast<crypto_generichash_state*>(state_.data()), nullptr, 0, sizeof(Digest));
  add(static_cast<std::uint64_t>(domain));
}

Hasher& Hasher::add(std::span<const std::byte> bytes) noexcept {
  crypto_generichash_update(reinterpret_cast<crypto_generichash_state*>(state_.data()), octets(bytes.data()),
                            bytes.size());
  return *this;
}

Hasher& Hasher::add(std::uint64_t number) noexcept { return add(std::as_bytes(std::span{&number, 1})); }

Digest Hasher::finish() noexcept {
  Digest digest;
  crypto_generichash_final(reinterpret_cast<crypto_generichash_state*>(state_.data()), digest.bytes.data(),
                           digest.bytes.size());
  return digest;
}

Digest payload_root(std::span<const std::byte> payload) {
  if (payload.empty()) return {};
  std::vector<Digest> level;
  for (std::size_t begin = 0; begin < payload.size(); begin += kLeafBytes) {
    const auto leaf = payload.subspan(begin, std::min(kLeafBytes, payload.size() - begin));
    level.push_back(Hasher{Domain::payload_leaf}.add(leaf).finish());
  }
  while (level.size() > 1) {
    std::size_t nodes = 0;
    for (std::size_t i = 0; i < level.size(); i += 2) {
      level[nodes++] =
          i + 1 < level.size() ? Hasher{Domain::payload_node}.add(level[i]).add(level[i + 1]).finish() : level[i];
    }
    level.resize(nodes);
  }
  return level.front();
}

KeyPair::KeyPair(std::span<const std::uint8_t, 32> seed) {
  static_assert(sizeof secret_ == crypto_sign_SECRETKEYBYTES);
  crypto_sign_seed_keypair(public_key_.bytes.data(), secret_.data(), seed.data());
}

KeyPair::~KeyPair() { sodium_memzero(secret_.data(), secret_.size()); }

Signature KeyPair::sign(const Digest& digest) const {
  Signature signature;
  crypto_sign_detached(signature.bytes.data(), nullptr, digest.bytes.data(), digest.bytes.size(), secret_.data());
  return signature;
}

void Ed25519Checker::check(std::span<const SignedDigest> items, std::span<bool> valid) const {
  for (std::size_t i = 0; i < items.size(); ++i) {
    valid[i] = crypto_sign_verify_detached(items[i].signature.bytes.data(), items[i].digest.bytes.data(),
                                           items[i].digest.bytes.size(), items[i].key.bytes.data()) == 0;
  }
}

namespace {

Signature stub_signature(const Digest& digest, const PublicKey& key) noexcept {
  Signature signature;
  for (std::size_t i = 0; i < digest.bytes.size(); ++i) {
    signature.bytes[i] = signature.bytes[i + 32] = static_cast<std::uint8_t>(digest.bytes[i] ^ key.bytes[i]);
  }
  return signature;
}

}  // namespace

Signature StubSigner::sign(const Digest& digest) const { return stub_signature(digest, key_); }

void StubChecker::check(std::span<const SignedDigest> items, std::span<bool> valid) const {
  for (std::size_t i = 0; i < items.size(); ++i) {
    valid[i] = items[i].signature == stub_signature(items[i].digest, items[i].key);
  }
}

}  // namespace myelin::consensus
