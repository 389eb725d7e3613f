/// What a key holds, as it lies in the state: a Value that owns nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "myelin/consensus/reply.hpp"
#include "myelin/consensus/types.hpp"

namespace myelin::consensus {

struct Cell {
  ValueKind kind = ValueKind::absent;
  std::int64_t number = 0;  ///< Of a number; of a lease: its token.
  ClientId holder = 0;
  WallTime expires = 0;
  std::string_view bytes;

  [[nodiscard]] static Cell of_bytes(std::string_view bytes) noexcept { return {ValueKind::bytes, 0, 0, 0, bytes}; }
  [[nodiscard]] static Cell of_number(std::int64_t number) noexcept { return {ValueKind::number, number, 0, 0, {}}; }
  [[nodiscard]] static Cell of_lease(ClientId holder, WallTime expires, std::uint64_t token) noexcept {
    return {ValueKind::lease, static_cast<std::int64_t>(token), holder, expires, {}};
  }
  [[nodiscard]] std::uint64_t token() const noexcept { return static_cast<std::uint64_t>(number); }
  [[nodiscard]] Value to_value() const {
    const bool is_lease = kind == ValueKind::lease;
    return {kind, is_lease ? 0 : number, holder, expires, is_lease ? token() : 0, std::string{bytes}};
  }

  friend bool operator==(const Cell&, const Cell&) = default;
};

/// The cell as transactions see it: a lease that is over is absent. `time` is called only if it matters.
template <class Time>
[[nodiscard]] Cell in_force(const Cell& cell, Time&& time) {
  return cell.kind == ValueKind::lease && cell.expires <= time() ? Cell{} : cell;
}

}  // namespace myelin::consensus
