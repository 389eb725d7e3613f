/// BLAKE2b digests of many messages at once, each in a lane of the CPU's vectors.
///
/// One message cannot be spread over lanes: the gain is in having several. **Source**: RFC 7693.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "myelin/base/result.hpp"

namespace myelin::kernels {

/// 256 bits.
using Digest256 = std::array<std::uint8_t, 32>;

/// digests[i] = BLAKE2b of messages[i], 32 bytes, no key: what libsodium's crypto_generichash gives. Messages may be
/// empty and of different lengths; those of similar lengths next to each other are quickest.
/// **Errors**: shape_mismatch when there are not as many digests as messages; invalid_argument for a message of null
/// with a length, and for a message that overlaps the digests.
/// **Thread-safety**: thread-safe. **Cost**: no allocation; one block of 128 bytes of four messages at a time with
/// AVX2, of eight with AVX-512, of two with SSE4 or NEON.
[[nodiscard]] Result<void> blake2b_256(std::span<const std::span<const std::uint8_t>> messages,
                                       std::span<Digest256> digests);

/// The same for messages of one length that follow each other: message i is the `length` bytes from i * length on.
/// **Errors**: shape_mismatch when `messages` is not digests.size() * length bytes; invalid_argument as above.
[[nodiscard]] Result<void> blake2b_256(std::span<const std::uint8_t> messages, std::size_t length,
                                       std::span<Digest256> digests);

}  // namespace myelin::kernels
