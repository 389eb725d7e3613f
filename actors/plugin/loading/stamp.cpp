#include "loading/stamp.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <cstring>
#include <string_view>

namespace myelin::plugin {

namespace {

static_assert(std::is_trivially_copyable_v<Stamp>);

/// A text of a fixed array, which need not end.
template <std::size_t kBytes>
std::string text_of(const char (&bytes)[kBytes]) {
  return {bytes, ::strnlen(bytes, kBytes)};
}

std::string sanitizer_name(const Stamp& stamp) {
  switch (stamp.sanitizers[0]) {
    case 'a': return "the address sanitizer";
    case 't': return "the thread sanitizer";
    default: return "no sanitizer";
  }
}

tl::unexpected<Error> differs(const std::string& file, const std::string& what) {
  return fail(
      Errc::unsupported_version,
      fmt::format("'{}' was built {}; build it again with the headers and the compiler of this Myelin", file, what));
}

}  // namespace

Result<std::vector<Stamp>> stamps_in(const std::vector<char>& section, const std::string& file) {
  const Stamp own;
  std::vector<Stamp> stamps;
  for (std::size_t at = 0; at < section.size(); at += sizeof(Stamp)) {
    // What stays in every version comes first: the magic, the size, and the version of what follows.
    std::uint32_t bytes = 0;
    if (section.size() - at < offsetof(Stamp, abi) ||
        std::memcmp(section.data() + at, own.magic, sizeof own.magic) != 0) {
      return fail(Errc::invalid_argument, fmt::format("'{}' has something else where a plugin has its stamp", file));
    }
    std::memcpy(&bytes, section.data() + at + offsetof(Stamp, bytes), sizeof bytes);
    if (bytes != sizeof(Stamp) || section.size() - at < sizeof(Stamp)) {
      return differs(file, "for another version of Myelin, whose stamp has another size");
    }
    Stamp stamp;
    std::memcpy(&stamp, section.data() + at, sizeof stamp);
    stamps.push_back(stamp);
  }
  return stamps;
}

Result<void> check_stamp(const Stamp& given, const Stamp& wanted, const std::string& file) {
  if (text_of(given.myelin_version) != text_of(wanted.myelin_version)) {
    return differs(file, fmt::format("for Myelin {}, and this is {}", text_of(given.myelin_version),
                                     text_of(wanted.myelin_version)));
  }
  if (given.abi != wanted.abi) {
    return differs(file, fmt::format("for plugin ABI {}, and this program has {}", given.abi, wanted.abi));
  }
  if (sanitizer_name(given) != sanitizer_name(wanted)) {
    return differs(file,
                   fmt::format("with {}, and this program with {}", sanitizer_name(given), sanitizer_name(wanted)));
  }
  if (text_of(given.caf_version) != text_of(wanted.caf_version)) {
    return differs(file, fmt::format("with CAF {}, and this program with {}", text_of(given.caf_version),
                                     text_of(wanted.caf_version)));
  }
  struct Row {
    std::uint32_t Stamp::*member;
    std::string_view what;
  };
  constexpr Row kRows[] = {
      {&Stamp::capnp_version, "Cap'n Proto"},
      {&Stamp::compiler_abi, "the compiler's ABI"},
      {&Stamp::library_abi, "the standard library's ABI"},
      {&Stamp::pooled, "the pool of blocks"},
      {&Stamp::agent_bytes, "the size of Agent"},
      {&Stamp::agent_class_bytes, "the size of AgentClass"},
      {&Stamp::handler_bytes, "the size of Handler"},
      {&Stamp::frame_block_bytes, "the size of FrameBlock"},
      {&Stamp::spawn_options_bytes, "the size of SpawnOptions"},
      {&Stamp::string_bytes, "the size of std::string"},
  };
  for (const Row& row : kRows) {
    if (given.*row.member == wanted.*row.member) continue;
    return differs(
        file, fmt::format("with {} {}, and this program with {}", row.what, given.*row.member, wanted.*row.member));
  }
  return {};
}

}  // namespace myelin::plugin
