/// Items of 64 bytes as bytes, for the sides that have no messages of fields: filled in and looked at one by one, so
/// that every side does the same work.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "myelin/base/limits.hpp"

namespace myelin::tool::network_bench {

inline constexpr std::size_t kItemWords = 8;
inline constexpr std::size_t kItemBytes = kItemWords * sizeof(std::uint64_t);
/// So many bytes are a batch of items; any other number is one item.
inline constexpr std::size_t kBatchBytes = limits::kBatchItemsMax * kItemBytes;

/// **Requires**: room for whole items.
inline void fill_in_items(std::span<char> bytes, std::uint64_t number) noexcept {
  for (std::size_t at = 0; at < bytes.size(); at += sizeof number) {
    std::memcpy(bytes.data() + at, &number, sizeof number);
    number += (at + sizeof number) % kItemBytes == 0;
  }
}

/// The first and last byte of each item. **Requires**: not empty.
[[nodiscard]] inline std::uint64_t look_at_items(std::span<const char> bytes) noexcept {
  const std::size_t item = bytes.size() == kBatchBytes ? kItemBytes : bytes.size();
  std::uint64_t sum = 0;
  for (std::size_t at = 0; at < bytes.size(); at += item) {
    sum += static_cast<unsigned char>(bytes[at]) + std::uint64_t{static_cast<unsigned char>(bytes[at + item - 1])};
  }
  return sum;
}

}  // namespace myelin::tool::network_bench
