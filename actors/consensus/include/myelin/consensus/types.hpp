/// Numbers and names of a consensus group: rounds, validators, digests, references to vertices.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>

#include "myelin/base/time.hpp"

namespace myelin::consensus {

/// Numbers committees: from 0, one more at every reconfiguration.
using Epoch = std::uint64_t;

/// A level of the DAG, from 1; round 0 is the genesis, of which every validator has one vertex.
using Round = std::uint64_t;

/// A validator's place in its committee, from 0.
using ValidatorIndex = std::uint8_t;

/// One bit a validator: bit i stands for validator i.
using AuthorMask = std::uint64_t;

/// Numbers commits, from 1; 0 is the state before the first.
using CommitIndex = std::uint64_t;

/// Nanoseconds since 1970, by somebody's wall clock.
using WallTime = std::int64_t;

/// The time as a step of the core is told it: `steady` for waiting, `wall` for what others are told.
struct Now {
  TimePoint steady;
  WallTime wall = 0;
};

[[nodiscard]] constexpr AuthorMask mask_of(ValidatorIndex validator) noexcept { return AuthorMask{1} << validator; }

/// A BLAKE2b-256 digest. Ordered by its bytes.
struct Digest {
  alignas(8) std::array<std::uint8_t, 32> bytes{};

  friend bool operator==(const Digest&, const Digest&) = default;
  friend auto operator<=>(const Digest&, const Digest&) = default;
};

/// The digest in 64 hexadecimal digits.
[[nodiscard]] std::string to_hex(const Digest& digest);

/// Names one vertex. Two vertices of one author and round differ in their digest: their author equivocated.
struct VertexRef {
  Round round = 0;
  ValidatorIndex author = 0;
  Digest digest;

  friend bool operator==(const VertexRef&, const VertexRef&) = default;
  friend auto operator<=>(const VertexRef&, const VertexRef&) = default;
};

/// "B3@17 1f4c09ab": author, round and the digest's first bytes. For people.
[[nodiscard]] std::string to_string(const VertexRef& ref);

/// A commit or a state: what is voted on. Index 0 with a digest of zeros: none yet.
struct IndexedDigest {
  CommitIndex index = 0;
  Digest digest;

  friend bool operator==(const IndexedDigest&, const IndexedDigest&) = default;
  friend auto operator<=>(const IndexedDigest&, const IndexedDigest&) = default;
};

}  // namespace myelin::consensus

/// A digest is as good as random: its first bytes serve as its hash.
template <>
struct std::hash<myelin::consensus::Digest> {
  std::size_t operator()(const myelin::consensus::Digest& digest) const noexcept {
    std::size_t value = 0;
    std::memcpy(&value, digest.bytes.data(), sizeof value);
    return value;
  }
};
template <>
struct std::hash<myelin::consensus::VertexRef> {
  std::size_t operator()(const myelin::consensus::VertexRef& ref) const noexcept {
    return std::hash<myelin::consensus::Digest>{}(ref.digest);
  }
};
