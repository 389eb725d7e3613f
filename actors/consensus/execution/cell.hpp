/// Cells, and how their numbers are added.
#pragma once

#include <cstdint>

#include "myelin/consensus/cell.hpp"

namespace myelin::consensus {

/// The sum as 64 bits have it, without overflow's undefined behaviour.
[[nodiscard]] constexpr std::int64_t wrapping_add(std::int64_t a, std::int64_t b) noexcept {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

}  // namespace myelin::consensus
