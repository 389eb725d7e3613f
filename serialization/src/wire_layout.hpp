/// The fixed part of a frame's header on the wire. Little-endian. docs/wire_format.md has the table.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "myelin/serialization/wire.hpp"

namespace myelin::wire {

inline constexpr std::uint8_t kBatch = 1;   ///< Flag: the root is a list.
inline constexpr std::uint8_t kCalled = 2;  ///< Flag: a call chain follows the header.

struct Header {
  std::uint32_t magic;
  std::uint16_t version;
  std::uint8_t lane;
  std::uint8_t flags;
  std::uint64_t type;
  std::uint64_t sender;
  std::uint64_t correlation;
  std::int64_t remaining_ns;  ///< Time left until the deadline; kNoDeadline where there is none.
  std::array<std::byte, 16> trace_id;
  std::uint64_t span_id;
  std::uint32_t items;
  std::uint32_t segments;
};
static_assert(sizeof(Header) == kWireHeaderBytes);

inline constexpr std::int64_t kNoDeadline = INT64_MAX;

/// Bytes of the segment table: a 32-bit word count each, padded to 8 bytes.
constexpr std::size_t table_bytes(std::size_t segments) noexcept { return (segments * 4 + 7) / 8 * 8; }

/// Bytes of a call chain: its length and so many keys; none where it is empty.
constexpr std::size_t chain_bytes(std::size_t callers) noexcept { return callers == 0 ? 0 : (1 + callers) * 8; }

}  // namespace myelin::wire
