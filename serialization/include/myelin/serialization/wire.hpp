/// Frames as bytes: docs/wire_format.md in code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "myelin/serialization/frame.hpp"

namespace myelin {

/// First bytes of every frame on the wire: "MYF1" read as a little-endian number.
inline constexpr std::uint32_t kWireMagic = 0x3146594d;
inline constexpr std::uint16_t kWireVersion = 1;

/// Bytes of the fixed part of the header, before the segment table.
inline constexpr std::size_t kWireHeaderBytes = 72;

/// Bytes of a frame's head: fixed header, call chain and segment table. A multiple of 8.
[[nodiscard]] std::size_t head_bytes(const Frame& frame) noexcept;
/// Most bytes that a head accepted from outside has.
inline constexpr std::size_t kWireHeadBytesMax =
    kWireHeaderBytes + (1 + limits::kCallDepthMax) * 8 + limits::kForeignSegmentsMax * 4;

/// Writes the head of a frame: see encode_head(). **Requires**: room for head_bytes() at `to`.
void encode_head(const Frame& frame, TimePoint now, std::byte* to) noexcept;

/// Header and segment table of a frame, a multiple of 8 bytes. The segments' bytes follow, as they lie in memory: a
/// transport that gathers (sendmsg) need not copy them.
///
/// `now`: a deadline travels as the time that remains. **Cost**: one small allocation.
[[nodiscard]] std::vector<std::byte> encode_head(const Frame& frame, TimePoint now);

/// The whole frame in one piece. **Cost**: copies the message once.
[[nodiscard]] std::vector<std::byte> encode(const Frame& frame, TimePoint now);

}  // namespace myelin
