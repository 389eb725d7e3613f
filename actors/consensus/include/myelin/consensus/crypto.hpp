/// Digests and signatures: BLAKE2b-256 and Ed25519 everywhere, so that all validators agree to the bit on what is
/// valid. By libsodium; many digests at once by the kernels, which give the same.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "myelin/consensus/types.hpp"

namespace myelin::consensus {

/// What a digest is of: the first bytes hashed, so that a digest of one thing never passes for that of another.
enum class Domain : std::uint8_t {
  vertex = 1,           ///< A vertex's header.
  batch_leaf = 2,       ///< 4 KiB of a batch.
  batch_node = 3,       ///< Two digests of a batch's tree.
  genesis = 4,          ///< The start of an epoch.
  commit = 5,           ///< A commit and all before it.
  order = 6,            ///< A vertex's place within its commit.
  state_leaf = 7,       ///< One key and its value.
  state_node = 8,       ///< A node of the state's tree.
  payload = 9,          ///< The digests of a payload's batches.
  log = 10,             ///< A record of a log.
  state_path = 11,      ///< A key's place in the state's tree.
  state_root = 12,      ///< The whole state.
  script = 13,          ///< What a script wants digested.
  answer = 14,          ///< What a client is told of its batch.
  statement = 15,       ///< A validator's word on a commit and the state after it.
  next_committee = 16,  ///< A committee that is to follow.
};

/// Hashes piece by piece. **Thread-safety**: thread-compatible. **Cost**: 0.14 us for 64 bytes, about 1 ns a byte
/// beyond.
class Hasher {
 public:
  explicit Hasher(Domain domain) noexcept;
  Hasher& add(std::span<const std::byte> bytes) noexcept;
  Hasher& add(std::string_view text) noexcept { return add(std::as_bytes(std::span{text})); }
  Hasher& add(const Digest& digest) noexcept { return add(std::as_bytes(std::span{digest.bytes})); }
  /// Eight bytes, little-endian.
  Hasher& add(std::uint64_t number) noexcept;
  Hasher& add(const VertexRef& ref) noexcept { return add(ref.round).add(std::uint64_t{ref.author}).add(ref.digest); }
  /// Once, at the end.
  [[nodiscard]] Digest finish() noexcept;

 private:
  alignas(64) std::array<std::byte, 384> state_;  // crypto_generichash_state
};

/// Hashes many messages of one domain together, as many at once as the processor has lanes: each gives what Hasher
/// gives for it. Those that lie next to each other should be of similar lengths. **Thread-safety**: thread-compatible.
/// **Cost**: each is copied first, so that some ten thousand bytes at a time are best; then as kernels::blake2b_256().
class BulkHasher {
 public:
  explicit BulkHasher(Domain domain) noexcept : domain_{domain} {}
  /// What is added from here on is of the next message.
  BulkHasher& begin();
  /// **Requires**: begin().
  BulkHasher& add(std::span<const std::byte> bytes);
  BulkHasher& add(std::string_view text) { return add(std::as_bytes(std::span{text})); }
  BulkHasher& add(const Digest& digest) { return add(std::as_bytes(std::span{digest.bytes})); }
  /// Eight bytes, little-endian.
  BulkHasher& add(std::uint64_t number) { return add(std::as_bytes(std::span{&number, 1})); }
  /// A digest a message, good until the next begin(), with which all begins anew.
  [[nodiscard]] std::span<const Digest> finish();

 private:
  Domain domain_;
  std::vector<std::uint8_t> bytes_;
  std::vector<std::size_t> begins_;
  std::vector<Digest> digests_;
};

/// Names a batch: the Merkle root over leaves of 4 KiB, the last one shorter; of no bytes: a digest of zeros. An odd
/// node moves up as it is.
[[nodiscard]] Digest batch_digest(std::span<const std::byte> batch);

/// The same of several, which is quicker than one after another.
[[nodiscard]] std::vector<Digest> batch_digests(std::span<const std::span<const std::byte>> batches);

/// What a vertex's header vouches for its payload by; of no batches: a digest of zeros.
[[nodiscard]] Digest payload_root(std::span<const Digest> batches);

struct PublicKey {
  std::array<std::uint8_t, 32> bytes{};
  friend bool operator==(const PublicKey&, const PublicKey&) = default;
  friend auto operator<=>(const PublicKey&, const PublicKey&) = default;
};

struct Signature {
  std::array<std::uint8_t, 64> bytes{};
  friend bool operator==(const Signature&, const Signature&) = default;
};

/// Signs a validator's own vertices.
class Signer {
 public:
  virtual ~Signer() = default;
  [[nodiscard]] virtual Signature sign(const Digest& digest) const = 0;
};

/// A signature to be checked, and by whom it should be.
struct SignedDigest {
  Digest digest;
  Signature signature;
  PublicKey key;
};

/// Checks signatures, many at a time, on whatever thread it is called: checking is by far the dearest part of taking a
/// vertex in (47 us), and needs nothing of the core. **Thread-safety**: thread-safe.
class SignatureChecker {
 public:
  virtual ~SignatureChecker() = default;
  /// Sets `valid[i]` for each `items[i]`. **Requires**: both of the same length.
  virtual void check(std::span<const SignedDigest> items, std::span<bool> valid) const = 0;
};

/// An Ed25519 key pair. The secret is wiped at its end, and copied never.
class KeyPair final : public Signer {
 public:
  /// From 32 secret bytes: the same seed gives the same pair. The core has no source of randomness; whoever makes keys
  /// draws the seed.
  explicit KeyPair(std::span<const std::uint8_t, 32> seed);
  KeyPair(const KeyPair&) = delete;
  KeyPair& operator=(const KeyPair&) = delete;
  ~KeyPair() override;

  [[nodiscard]] const PublicKey& public_key() const noexcept { return public_key_; }
  [[nodiscard]] Signature sign(const Digest& digest) const override;

 private:
  PublicKey public_key_;
  std::array<std::uint8_t, 64> secret_{};
};

/// Ed25519 by libsodium. Refuses what libsodium refuses: small-order keys and non-canonical encodings among them.
class Ed25519Checker final : public SignatureChecker {
 public:
  void check(std::span<const SignedDigest> items, std::span<bool> valid) const override;
};

/// Signatures that cost nothing and prove nothing: for simulations and for measuring all else. A stub signature is the
/// digest under the key, twice; anybody can make one.
class StubSigner final : public Signer {
 public:
  explicit StubSigner(PublicKey key) noexcept : key_{key} {}
  [[nodiscard]] Signature sign(const Digest& digest) const override;

 private:
  PublicKey key_;
};
class StubChecker final : public SignatureChecker {
 public:
  void check(std::span<const SignedDigest> items, std::span<bool> valid) const override;
};

}  // namespace myelin::consensus
