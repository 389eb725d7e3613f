/// Numbers as people read them: three significant digits and a unit.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace myelin::tool {

/// "1.23 M", "456", "0.0312": three significant digits with a decimal prefix (k, M, G, T) above 1,000.
[[nodiscard]] std::string format_number(double value);

/// "35.2 ns", "1.20 us", "3.00 s". **Units**: nanoseconds in.
[[nodiscard]] std::string format_duration_ns(double nanoseconds);

/// "512 B", "1.50 KiB", "3.00 MiB": binary prefixes.
[[nodiscard]] std::string format_bytes(double bytes);

/// "1,797": with a comma between groups of three digits.
[[nodiscard]] std::string format_count(long long count);

/// "1 agent", "1,797 agents".
[[nodiscard]] std::string counted(std::uint64_t count, std::string_view thing);

/// "98.1 %" for 0.981.
[[nodiscard]] std::string format_percent(double fraction);

}  // namespace myelin::tool
