/// What a key holds, as it lies in the state: a Value that owns nothing.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "myelin/consensus/reply.hpp"
#include "myelin/consensus/types.hpp"

namespace myelin::consensus {

/// An end that never comes: later than any commit.
inline constexpr WallTime kTimeMax = std::numeric_limits<WallTime>::max();

/// When that ends which lasts `duration` from `now` on. Never 0, which stands for no end.
/// **Requires**: a duration of at least 1.
[[nodiscard]] constexpr WallTime end_after(WallTime now, std::int64_t duration) noexcept {
  if (now > kTimeMax - duration) return kTimeMax;
  return now + duration == 0 ? 1 : now + duration;
}
/// Whether what ends then is over at a commit of this time.
[[nodiscard]] constexpr bool is_over(WallTime end, WallTime now) noexcept {
  return end != 0 && end != kTimeMax && end <= now;
}

struct Cell {
  ValueKind kind = ValueKind::absent;
  std::int64_t number = 0;  ///< Of a number; of a lease: its token.
  ClientId holder = 0;
  WallTime expires = 0;  ///< Of a lease, and of bytes with a time to live; 0: no end.
  std::string_view bytes;

  [[nodiscard]] static Cell of_bytes(std::string_view bytes, WallTime expires = 0) noexcept {
    return {ValueKind::bytes, 0, 0, expires, bytes};
  }
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

/// The cell as transactions see it: what is over is absent. `time` is called only if it matters.
template <class Time>
[[nodiscard]] Cell in_force(const Cell& cell, Time&& time) {
  return cell.expires != 0 && is_over(cell.expires, time()) ? Cell{} : cell;
}

}  // namespace myelin::consensus
