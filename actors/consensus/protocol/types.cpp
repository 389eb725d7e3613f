#include "myelin/consensus/types.hpp"

#include <fmt/format.h>

namespace myelin::consensus {

std::string to_hex(const Digest& digest) {
  std::string text;
  text.reserve(2 * digest.bytes.size());
  for (const std::uint8_t byte : digest.bytes) fmt::format_to(std::back_inserter(text), "{:02x}", byte);
  return text;
}

std::string to_string(const VertexRef& ref) {
  return fmt::format("B{}@{} {}", ref.author, ref.round, to_hex(ref.digest).substr(0, 8));
}

}  // namespace myelin::consensus
