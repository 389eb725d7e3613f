#include "myelin/consensus/crypto.hpp"

#include <sodium.h>

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>
#include <new>
#include <utility>

#include "myelin/kernels/digest.hpp"

namespace myelin::consensus {

namespace {

static_assert(std::endian::native == std::endian::little, "numbers are hashed as they lie in memory");

const unsigned char* octets(const void* bytes) noexcept { return static_cast<const unsigned char*>(bytes); }

constexpr std::size_t kLeafBytes = 4096;
// Leaves that are hashed together: their copies stay in the second-level cache.
constexpr std::size_t kLeavesAtOnce = 16;

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

BulkHasher& BulkHasher::begin() {
  if (!digests_.empty()) {
    digests_.clear();
    bytes_.clear();
    begins_.clear();
  }
  begins_.push_back(bytes_.size());
  return add(static_cast<std::uint64_t>(domain_));
}

BulkHasher& BulkHasher::add(std::span<const std::byte> bytes) {
  const std::uint8_t* const first = octets(bytes.data());
  bytes_.insert(bytes_.end(), first, first + bytes.size());
  return *this;
}

std::span<const Digest> BulkHasher::finish() {
  static_assert(sizeof(Digest) == sizeof(kernels::Digest256));
  std::vector<std::span<const std::uint8_t>> messages(begins_.size());
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const std::size_t end = i + 1 < begins_.size() ? begins_[i + 1] : bytes_.size();
    messages[i] = std::span{bytes_}.subspan(begins_[i], end - begins_[i]);
  }
  std::vector<kernels::Digest256> digests(messages.size());
  // As many digests as messages, which lie elsewhere: nothing that is refused.
  [[maybe_unused]] const auto hashed = kernels::blake2b_256(messages, digests);
  assert(hashed);
  digests_.resize(digests.size());
  for (std::size_t i = 0; i < digests.size(); ++i) digests_[i].bytes = digests[i];
  return digests_;
}

Digest batch_digest(std::span<const std::byte> batch) { return batch_digests({&batch, 1}).front(); }

std::vector<Digest> batch_digests(std::span<const std::span<const std::byte>> batches) {
  // Of each batch a level of its tree, one behind the other.
  std::vector<Digest> level;
  std::vector<std::size_t> counts;
  BulkHasher leaves{Domain::batch_leaf};
  std::size_t waiting = 0;
  const auto hash_leaves = [&] {
    if (std::exchange(waiting, 0) == 0) return;
    const auto digests = leaves.finish();
    level.insert(level.end(), digests.begin(), digests.end());
  };
  for (const std::span<const std::byte> batch : batches) {
    counts.push_back((batch.size() + kLeafBytes - 1) / kLeafBytes);
    for (std::size_t at = 0; at < batch.size(); at += kLeafBytes) {
      leaves.begin().add(batch.subspan(at, std::min(kLeafBytes, batch.size() - at)));
      if (++waiting == kLeavesAtOnce) hash_leaves();
    }
  }
  hash_leaves();
  BulkHasher nodes{Domain::batch_node};
  while (std::ranges::any_of(counts, [](std::size_t count) { return count > 1; })) {
    const Digest* of_batch = level.data();
    for (const std::size_t count : counts) {
      for (std::size_t i = 0; i + 1 < count; i += 2) nodes.begin().add(of_batch[i]).add(of_batch[i + 1]);
      of_batch += count;
    }
    const Digest* node = nodes.finish().data();
    std::vector<Digest> above;
    of_batch = level.data();
    for (std::size_t& count : counts) {
      for (std::size_t i = 0; i < count; i += 2) above.push_back(i + 1 < count ? *node++ : of_batch[i]);
      of_batch += count;
      count = (count + 1) / 2;
    }
    level = std::move(above);
  }
  std::vector<Digest> roots;
  roots.reserve(counts.size());
  const Digest* root = level.data();
  for (const std::size_t count : counts) roots.push_back(count == 0 ? Digest{} : *root++);
  return roots;
}

Digest payload_root(std::span<const Digest> batches) {
  if (batches.empty()) return {};
  Hasher hasher{Domain::payload};
  hasher.add(std::uint64_t{batches.size()});
  for (const Digest& batch : batches) hasher.add(batch);
  return hasher.finish();
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
