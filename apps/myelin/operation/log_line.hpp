/// A line of a node's log, taken apart.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace myelin::tool {

/// Levels, the lowest first, as `[node] log-level` and the lines name them.
enum class LogLevel { trace, debug, info, warning, error, critical };

[[nodiscard]] std::string_view to_string(LogLevel level) noexcept;
/// Nothing for what is no level's name.
[[nodiscard]] std::optional<LogLevel> parse_level(std::string_view name) noexcept;

struct LogLine {
  std::string time;  ///< "2026-11-22T21:35:00.123+0000"; empty for a further line of a message of several.
  LogLevel level = LogLevel::info;
  std::string text;
};

/// `before`: the level of the line before it, which is that of a message's further lines.
[[nodiscard]] LogLine parse_log_line(std::string_view line, LogLevel before);

}  // namespace myelin::tool
