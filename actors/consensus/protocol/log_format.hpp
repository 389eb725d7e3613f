/// The bytes of a log: a head, then records, each of whole words. All numbers are little-endian.
///
///     head    "MYELNLOG", version, epoch, salt (4 words), check
///     record  words of content (20 bits), sectors of zeros (14 bits), head check (22 bits), kind (8 bits)
///             offset up to which the log was on disk when the record was appended
///             check of the record before, or of the head
///             content
///             check, of all before but a vertex's payload
///
/// The first word and the last of a record are never without their highest byte, so that one of which a crash left only
/// the beginning can be told from one with a wrong bit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "myelin/consensus/log.hpp"

namespace myelin::consensus::log_format {

inline constexpr std::uint64_t kMagic = 0x474f'4c4e'4c45'594dULL;
inline constexpr std::uint64_t kVersion = 1;
inline constexpr std::size_t kHeadBytes = 8 * kWordBytes;

/// Before and behind a record's content.
inline constexpr std::size_t kBeforeBytes = 3 * kWordBytes;
inline constexpr std::size_t kAroundBytes = kBeforeBytes + kWordBytes;

/// What a disk writes as a whole, at least.
inline constexpr std::size_t kSectorBytes = 512;

/// Each of them differs from 0 and from the others in more than one bit.
enum class Kind : std::uint8_t { vertex = 0x56, commit = 0x63, base = 0x3a };

/// What the first word of a record says.
struct Opening {
  Kind kind = Kind::vertex;
  std::size_t content_words = 0;
  std::size_t zero_sectors = 0;  ///< As count_zero_sectors() has it: more of them are a crash's work.

  [[nodiscard]] std::size_t record_bytes() const noexcept { return kAroundBytes + content_words * kWordBytes; }
};

/// The first word of a record at `offset`. Only who knows the salt can say what it must be.
[[nodiscard]] std::uint64_t encode_opening(const Opening& opening, const LogSalt& salt, std::uint64_t offset) noexcept;
/// Whether `word` is one, and then what it says.
[[nodiscard]] bool decode_opening(std::uint64_t word, const LogSalt& salt, std::uint64_t offset,
                                  Opening& opening) noexcept;

/// Whole sectors within a record at `offset` that are nothing but zeros, its first and last word's aside.
[[nodiscard]] std::size_t count_zero_sectors(std::span<const std::byte> record, std::uint64_t offset) noexcept;

[[nodiscard]] bool is_zero(std::span<const std::byte> bytes) noexcept;

/// The last word of a record at `offset` that begins with these bytes, or, with offset 0, of the head.
[[nodiscard]] std::uint64_t check_of(std::span<const std::byte> bytes, const LogSalt& salt,
                                     std::uint64_t offset) noexcept;

[[nodiscard]] inline std::uint64_t load(std::span<const std::byte> bytes, std::size_t at) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes.data() + at, sizeof word);
  return word;
}
inline void store(std::span<std::byte> bytes, std::size_t at, std::uint64_t word) noexcept {
  std::memcpy(bytes.data() + at, &word, sizeof word);
}

}  // namespace myelin::consensus::log_format
