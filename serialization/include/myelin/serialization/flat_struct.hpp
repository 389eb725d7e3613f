/// Building and reading structs that have no pointers, straight in memory: no arena, no bounds to keep.
///
/// Cap'n Proto's own builder costs about 45 ns a message before the first field is set (an arena and a segment table);
/// a message of a few numbers has no use for either. The encoding is the same to the bit, which a test checks.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include <capnp/generated-header-support.h>
#include <capnp/layout.h>

namespace myelin::flat {

template <class T>
inline constexpr std::uint32_t kDataWords = capnp::_::structSize<T>().data;
template <class T>
inline constexpr std::uint16_t kPointers = capnp::_::structSize<T>().pointers;

/// Whether T is a struct of numbers, booleans and enums only.
template <class T>
inline constexpr bool kIsFlat = kPointers<T> == 0;

/// The members of capnp::_::StructBuilder, whose constructor is private. Source: capnp/layout.h of 0.9 and 1.0.
struct BuilderMembers {
  capnp::_::SegmentBuilder* segment;
  capnp::_::CapTableBuilder* cap_table;
  void* data;
  capnp::_::WirePointer* pointers;
  capnp::StructDataBitCount data_bits;
  capnp::StructPointerCount pointer_count;
};
static_assert(sizeof(BuilderMembers) == sizeof(capnp::_::StructBuilder));
static_assert(std::is_trivially_copyable_v<capnp::_::StructBuilder>);

/// A builder over zeroed memory of kDataWords<T> words. **Requires**: kIsFlat<T>.
template <class T>
[[nodiscard]] typename T::Builder builder_over(capnp::word* data) noexcept {
  static_assert(kIsFlat<T>);
  return typename T::Builder{
      std::bit_cast<capnp::_::StructBuilder>(BuilderMembers{nullptr, nullptr, data, nullptr, kDataWords<T> * 64, 0})};
}

/// A reader over `data_words` words: a message of another version of T's schema may have more or fewer than
/// kDataWords<T>.
template <class T>
[[nodiscard]] typename T::Reader reader_over(const capnp::word* data, std::uint32_t data_words) noexcept {
  static_assert(kIsFlat<T>);
  return typename T::Reader{capnp::_::StructReader{kj::arrayPtr(data, data_words)}};
}

// The two pointers that a flat message has. Source: https://capnproto.org/encoding.html

/// A root pointer to a struct of `data_words` words and no pointers, right behind it.
[[nodiscard]] constexpr std::uint64_t struct_pointer(std::uint32_t data_words) noexcept {
  // A struct of no size lies before its own pointer's end: an offset of 0 would make the pointer null.
  return data_words == 0 ? 0xffff'fffcULL : std::uint64_t{data_words} << 32;
}
/// A root pointer to a list of structs of `words` words in all, whose tag is right behind it.
[[nodiscard]] constexpr std::uint64_t list_pointer(std::uint32_t words) noexcept {
  constexpr std::uint64_t kList = 1, kInlineComposite = 7;
  return kList | (kInlineComposite << 32) | (std::uint64_t{words} << 35);
}
/// The tag of such a list: how many structs, each of `data_words` words and no pointers.
[[nodiscard]] constexpr std::uint64_t list_tag(std::uint32_t count, std::uint32_t data_words) noexcept {
  return (std::uint64_t{count} << 2) | (std::uint64_t{data_words} << 32);
}
[[nodiscard]] inline std::uint64_t load(const capnp::word* word) noexcept {
  static_assert(std::endian::native == std::endian::little, "frames are built in place in Cap'n Proto's byte order");
  std::uint64_t value;
  std::memcpy(&value, word, sizeof value);
  return value;
}
inline void store(capnp::word* word, std::uint64_t value) noexcept {
  std::memcpy(static_cast<void*>(word), &value, sizeof value);
}

/// Data words of the struct that a root pointer or a tag describes.
[[nodiscard]] inline std::uint32_t data_words_of(std::uint64_t pointer) noexcept { return (pointer >> 32) & 0xffff; }
/// Pointers of the struct that a root pointer or a tag describes.
[[nodiscard]] inline std::uint32_t pointers_of(std::uint64_t pointer) noexcept { return pointer >> 48; }
/// Words between the pointer and what it points to. **Requires**: a struct or list pointer.
[[nodiscard]] inline std::int32_t offset_of(std::uint64_t pointer) noexcept {
  return static_cast<std::int32_t>(pointer & 0xffffffff) >> 2;
}

}  // namespace myelin::flat
