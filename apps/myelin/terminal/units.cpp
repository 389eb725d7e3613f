#include "terminal/units.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <span>

namespace myelin::tool {

namespace {

/// Three significant digits, without an exponent for anything a report holds.
std::string three_digits(double value) {
  const double magnitude = std::abs(value);
  if (magnitude == 0.0) return "0";
  // The bounds are those at which rounding yields one digit more before the point: 9.995 reads "10.0".
  if (magnitude >= 99.95) return fmt::format("{:.0f}", value);
  if (magnitude >= 9.995) return fmt::format("{:.1f}", value);
  if (magnitude >= 0.9995) return fmt::format("{:.2f}", value);
  return fmt::format("{:.3g}", value);
}

std::string with_prefix(double value, double step, std::span<const char* const> units) {
  std::size_t unit = 0;
  // 999.5 rounds to 1000, so it takes the next unit already.
  while (unit + 1 < units.size() && std::abs(value) >= (step == 1000.0 ? 999.5 : step - 0.5)) {
    value /= step;
    ++unit;
  }
  const std::string digits = three_digits(value);
  return *units[unit] == '\0' ? digits : digits + ' ' + units[unit];
}

}  // namespace

std::string format_number(double value) {
  static constexpr std::array<const char*, 5> kUnits{"", "k", "M", "G", "T"};
  return with_prefix(value, 1000.0, kUnits);
}

std::string format_duration_ns(double nanoseconds) {
  static constexpr std::array<const char*, 4> kUnits{"ns", "us", "ms", "s"};
  return with_prefix(nanoseconds, 1000.0, kUnits);
}

std::string format_bytes(double bytes) {
  if (bytes >= 0 && bytes < 1024.0 && bytes == std::floor(bytes)) return fmt::format("{:.0f} B", bytes);
  static constexpr std::array<const char*, 5> kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  return with_prefix(bytes, 1024.0, kUnits);
}

std::string format_count(long long count) {
  std::string digits = fmt::format("{}", count);
  const std::ptrdiff_t first = count < 0 ? 1 : 0;
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > first; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), 1, ',');
  }
  return digits;
}

std::string counted(std::uint64_t count, std::string_view thing) {
  return fmt::format("{} {}{}", format_count(static_cast<long long>(count)), thing, count == 1 ? "" : "s");
}

std::string format_percent(double fraction) { return fmt::format("{:.1f} %", fraction * 100.0); }

}  // namespace myelin::tool
