#include "operation/log_line.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace myelin::tool {

namespace {

constexpr auto kNames = std::to_array<std::string_view>({"trace", "debug", "info", "warning", "error", "critical"});

/// "2026-11-22T21:35:00.123+0000", by its shape.
bool is_time(std::string_view word) {
  constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:dd.ddd";
  const auto fits = [](char letter, char shape) {
    return shape == 'd' ? letter >= '0' && letter <= '9' : letter == shape;
  };
  return word.size() > kShape.size() && std::equal(kShape.begin(), kShape.end(), word.begin(),
                                                   [&](char shape, char letter) { return fits(letter, shape); });
}

}  // namespace

std::string_view to_string(LogLevel level) noexcept { return kNames[static_cast<std::size_t>(level)]; }

std::optional<LogLevel> parse_level(std::string_view name) noexcept {
  const auto found = std::ranges::find(kNames, name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<LogLevel>(found - kNames.begin());
}

LogLine parse_log_line(std::string_view line, LogLevel before) {
  const LogLine further{.time = {}, .level = before, .text = std::string{line}};
  const std::size_t first = line.find(' ');
  if (first == std::string_view::npos || !is_time(line.substr(0, first))) return further;
  const std::size_t second = line.find(' ', first + 1);
  const auto level = parse_level(line.substr(first + 1, second - first - 1));
  if (!level) return further;
  return {.time = std::string{line.substr(0, first)},
          .level = *level,
          .text = std::string{second == std::string_view::npos ? "" : line.substr(second + 1)}};
}

}  // namespace myelin::tool
