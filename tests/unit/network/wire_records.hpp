/// What nodes say over a connection, as bytes that a test may send, and damage.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "wire/record.hpp"

namespace myelin::test {

inline std::string bytes_of(const network::RecordHeader& header, const std::string& payload = {}) {
  std::string bytes(sizeof header + payload.size(), '\0');
  std::memcpy(bytes.data(), &header, sizeof header);
  std::copy(payload.begin(), payload.end(), bytes.begin() + sizeof header);
  return bytes;
}

inline std::string record(network::RecordKind kind, const std::string& payload, std::uint32_t route = 0,
                          std::uint32_t question = 0, std::uint16_t flags = 0, std::uint8_t lane = 2) {
  return bytes_of({.bytes = static_cast<std::uint32_t>(payload.size()),
                   .kind = kind,
                   .lane = lane,
                   .flags = flags,
                   .route = route,
                   .question = question},
                  payload);
}

inline std::string text_of(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline std::string number(std::uint64_t value) { return {reinterpret_cast<const char*>(&value), sizeof value}; }

/// The bytes with one to four bits turned over, half of them among the first `head` bytes; now and then cut short.
inline std::string damaged(std::string bytes, std::size_t head, std::minstd_rand& random) {
  for (unsigned flips = 1 + random() % 4; flips > 0; --flips) {
    const std::size_t at = random() % (random() % 2 == 0 ? bytes.size() : std::min(bytes.size(), head));
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
  }
  if (random() % 8 == 0) bytes.resize(random() % bytes.size());
  return bytes;
}

}  // namespace myelin::test
