/// The pointers of a Cap'n Proto message of one segment, computed: what is signed must be read alike by every
/// validator, whatever version of the library it has, so we know beforehand where each object of a message lies.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace myelin::consensus::layout {

// Source: https://capnproto.org/encoding.html. `from` and `to` are places in the segment, in words, `from` the
// pointer's own; `to` lies behind it.

enum class ElementSize : std::uint64_t { byte = 2, pointer = 6, composite = 7 };

[[nodiscard]] constexpr std::uint64_t struct_pointer(std::size_t from, std::size_t to, std::size_t data_words,
                                                     std::size_t pointers) noexcept {
  return std::uint64_t{to - from - 1} << 2 | std::uint64_t{data_words} << 32 | std::uint64_t{pointers} << 48;
}

/// `count`: elements; for a list of structs, words without the tag.
[[nodiscard]] constexpr std::uint64_t list_pointer(std::size_t from, std::size_t to, ElementSize size,
                                                   std::size_t count) noexcept {
  constexpr std::uint64_t kList = 1;
  return kList | std::uint64_t{to - from - 1} << 2 | static_cast<std::uint64_t>(size) << 32 |
         std::uint64_t{count} << 35;
}

/// `count` as list_pointer() took it. **Requires**: a list pointer.
[[nodiscard]] constexpr std::size_t list_count(std::uint64_t pointer) noexcept { return pointer >> 35; }

/// In front of the elements of a list of structs.
[[nodiscard]] constexpr std::uint64_t list_tag(std::size_t count, std::size_t data_words,
                                               std::size_t pointers) noexcept {
  return std::uint64_t{count} << 2 | std::uint64_t{data_words} << 32 | std::uint64_t{pointers} << 48;
}

static_assert(std::endian::native == std::endian::little, "messages are read in place in Cap'n Proto's byte order");

}  // namespace myelin::consensus::layout
