#include "myelin/consensus/types.hpp"

#include <fmt/format.h>

#include <string_view>

namespace myelin::consensus {

std::string to_hex(const Digest& digest) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * digest.bytes.size());
  for (const std::uint8_t byte : digest.bytes) {
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 15U];
  }
  return text;
}

std::string to_string(const VertexRef& ref) {
  return fmt::format("B{}@{} {}", ref.author, ref.round, to_hex(ref.digest).substr(0, 8));
}

}  // namespace myelin::consensus
