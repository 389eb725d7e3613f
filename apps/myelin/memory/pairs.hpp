/// Keys and values as lines of text: what `memory search` writes, and `memory put --from` reads.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "myelin/base/result.hpp"
#include "myelin/memory/value.hpp"

namespace myelin::tool {

struct Pair {
  std::string key;
  std::string value;

  friend bool operator==(const Pair&, const Pair&) = default;
};

/// Bytes in one line and one column: a tab as \t, a newline as \n, a backslash as \\, other control characters and
/// bytes that are no UTF-8 as \xNN.
[[nodiscard]] std::string escape(std::string_view bytes);
/// What escape() was given. **Errors**: invalid_argument for another use of a backslash.
[[nodiscard]] Result<std::string> unescape(std::string_view text);
/// The same for a key at the beginning of a line, which must not look like an object.
[[nodiscard]] std::string escape_key(std::string_view key);
/// Whether the bytes are UTF-8: no overlong forms, no surrogates.
[[nodiscard]] bool is_utf8(std::string_view bytes) noexcept;

/// A key and a value, escaped, with a tab between; or where the line begins with `{` an object of "key" and "value",
/// either of which may end in "_hex" for bytes that are no text. **Errors**: invalid_argument, saying what is wrong.
[[nodiscard]] Result<Pair> parse_pair(std::string_view line);

/// Adds bytes to an object: as `name`, or as `name`_hex where they are no UTF-8.
void add_bytes(nlohmann::json& object, const std::string& name, std::string_view bytes);

/// A value in a line: bytes escaped, a number as digits, a lease as "lease of 5f3a... until 1732226400.123".
[[nodiscard]] std::string to_line(const MemoryValue& value);
/// {"kind": "bytes", "value"}, with "expires_ns" where it ends, {"kind": "number", "value"} or {"kind": "lease",
/// "token", "holder", "expires_ns"}.
[[nodiscard]] nlohmann::json to_json(const MemoryValue& value);

}  // namespace myelin::tool
