#include "protocol/log_format.hpp"

#include <algorithm>

#include "myelin/consensus/crypto.hpp"
#include "myelin/consensus/limits.hpp"

namespace myelin::consensus::log_format {

namespace {

// MurmurHash3's last step: each bit of the result depends on each of the argument.
std::uint64_t mix(std::uint64_t value) noexcept {
  value = (value ^ (value >> 33)) * 0xff51'afd7'ed55'8ccdULL;
  value = (value ^ (value >> 33)) * 0xc4ce'b9fe'1a85'ec53ULL;
  return value ^ (value >> 33);
}

/// Not proof against one who sees many of them; but nobody sees any.
std::uint64_t opening_check(std::uint64_t unchecked, const LogSalt& salt, std::uint64_t offset) noexcept {
  const auto key = std::as_bytes(std::span{salt.bytes});
  return (mix(mix(unchecked ^ load(key, 0)) + (offset ^ load(key, 8))) ^ load(key, 16)) >> 42;
}

constexpr bool is_kind(std::uint8_t byte) noexcept {
  return byte == static_cast<std::uint8_t>(Kind::vertex) || byte == static_cast<std::uint8_t>(Kind::commit) ||
         byte == static_cast<std::uint8_t>(Kind::base);
}

}  // namespace

constexpr unsigned kContentBits = 20;
constexpr unsigned kZeroBits = 14;
static_assert(limits::kLogRecordBytesMax / kWordBytes < std::size_t{1} << kContentBits);
static_assert((limits::kLogRecordBytesMax + kAroundBytes) / kSectorBytes < std::size_t{1} << kZeroBits);

std::uint64_t encode_opening(const Opening& opening, const LogSalt& salt, std::uint64_t offset) noexcept {
  const std::uint64_t unchecked = opening.content_words | opening.zero_sectors << kContentBits |
                                  std::uint64_t{static_cast<std::uint8_t>(opening.kind)} << 56;
  return unchecked | opening_check(unchecked, salt, offset) << (kContentBits + kZeroBits);
}

bool decode_opening(std::uint64_t word, const LogSalt& salt, std::uint64_t offset, Opening& opening) noexcept {
  const auto kind = static_cast<std::uint8_t>(word >> 56);
  if (!is_kind(kind)) return false;  // Most words of a log end here when one looks for records.
  opening = {static_cast<Kind>(kind), word & ((1U << kContentBits) - 1),
             (word >> kContentBits) & ((1U << kZeroBits) - 1)};
  return word == encode_opening(opening, salt, offset) &&
         opening.content_words <= limits::kLogRecordBytesMax / kWordBytes;
}

bool is_zero(std::span<const std::byte> bytes) noexcept {
  return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
}

std::size_t count_zero_sectors(std::span<const std::byte> record, std::uint64_t offset) noexcept {
  std::size_t count = 0;
  for (std::size_t at = kSectorBytes - offset % kSectorBytes; at + kSectorBytes < record.size(); at += kSectorBytes) {
    count += is_zero(record.subspan(at, kSectorBytes)) ? 1 : 0;
  }
  return count;
}

std::uint64_t check_of(std::span<const std::byte> bytes, const LogSalt& salt, std::uint64_t offset) noexcept {
  constexpr std::uint64_t kLastByte = std::uint64_t{0xe5} << 56;
  constexpr std::uint64_t kOthers = (std::uint64_t{1} << 56) - 1;
  const Digest digest = Hasher{Domain::log}.add(std::as_bytes(std::span{salt.bytes})).add(offset).add(bytes).finish();
  return (load(std::as_bytes(std::span{digest.bytes}), 0) & kOthers) | kLastByte;
}

}  // namespace myelin::consensus::log_format
