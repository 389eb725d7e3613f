/// BLAKE2b below the border: no checks, run-time choice of the SIMD target.
#pragma once

#include <cstddef>
#include <cstdint>

namespace myelin::kernels::cpu {

/// Message i of a call: `bytes(context, i, length)` returns where it begins and sets its length.
using MessageAt = const std::uint8_t* (*)(const void* context, std::size_t i, std::size_t& length);

/// Writes `count` digests of 32 bytes each. **Requires**: the digests are apart from all messages.
void blake2b_256(MessageAt bytes, const void* context, std::size_t count, std::uint8_t* digests);

}  // namespace myelin::kernels::cpu
