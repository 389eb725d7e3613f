#include "memory/pairs.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

namespace myelin::tool {

namespace {

using nlohmann::json;

/// How long the character at the beginning is; 0 for what is none.
std::size_t character_length(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto follows = [&](std::size_t i, unsigned char low = 0x80, unsigned char high = 0xBF) {
    return i < text.size() && byte(i) >= low && byte(i) <= high;
  };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const unsigned char low = first == 0xE0 ? 0xA0 : 0x80;
    const unsigned char high = first == 0xED ? 0x9F : 0xBF;
    return follows(1, low, high) && follows(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const unsigned char low = first == 0xF0 ? 0x90 : 0x80;
    const unsigned char high = first == 0xF4 ? 0x8F : 0xBF;
    return follows(1, low, high) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

std::optional<int> hex_digit(char digit) noexcept {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return std::nullopt;
}

std::optional<std::string> from_hex(std::string_view hex) {
  if (hex.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const auto high = hex_digit(hex[i]);
    const auto low = hex_digit(hex[i + 1]);
    if (!high || !low) return std::nullopt;
    bytes += static_cast<char>(*high * 16 + *low);
  }
  return bytes;
}

std::string to_hex(std::string_view bytes) {
  std::string hex;
  for (const char byte : bytes) hex += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return hex;
}

/// One of an object's texts, as bytes.
Result<std::string> bytes_of(const json& object, const std::string& name) {
  if (const auto text = object.find(name); text != object.end()) {
    if (text->is_string()) return text->get<std::string>();
    return fail(Errc::invalid_argument, fmt::format("\"{}\" is no text", name));
  }
  const auto hex = object.find(name + "_hex");
  if (hex == object.end()) {
    return fail(Errc::invalid_argument, fmt::format("neither \"{}\" nor \"{}_hex\" is there", name, name));
  }
  auto bytes = hex->is_string() ? from_hex(hex->get<std::string>()) : std::nullopt;
  if (!bytes) return fail(Errc::invalid_argument, fmt::format("\"{}_hex\" is no text of pairs of hex digits", name));
  return *std::move(bytes);
}

Result<Pair> parse_object(std::string_view line) {
  const json object = json::parse(line, nullptr, false);
  if (object.is_discarded()) return fail(Errc::invalid_argument, "it is no JSON");
  auto key = bytes_of(object, "key");
  if (!key) return tl::unexpected{key.error()};
  auto value = bytes_of(object, "value");
  if (!value) return tl::unexpected{value.error()};
  return Pair{*std::move(key), *std::move(value)};
}

}  // namespace

bool is_utf8(std::string_view bytes) noexcept {
  while (!bytes.empty()) {
    const std::size_t length = character_length(bytes);
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

std::string escape(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    const char first = bytes.front();
    std::size_t length = 1;
    switch (first) {
      case '\t': text += "\\t"; break;
      case '\n': text += "\\n"; break;
      case '\\': text += "\\\\"; break;
      default:
        length = character_length(bytes);
        const bool is_shown = length > 1 || (length == 1 && first >= ' ' && first != '\x7F');
        if (is_shown) {
          text += bytes.substr(0, length);
        } else {
          text += fmt::format("\\x{:02x}", static_cast<unsigned char>(first));
          length = 1;
        }
    }
    bytes.remove_prefix(length);
  }
  return text;
}

std::string escape_key(std::string_view key) {
  return key.starts_with('{') ? "\\x7b" + escape(key.substr(1)) : escape(key);
}

Result<std::string> unescape(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      bytes += text[i];
      continue;
    }
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    ++i;
    if (next == 't') {
      bytes += '\t';
    } else if (next == 'n') {
      bytes += '\n';
    } else if (next == '\\') {
      bytes += '\\';
    } else if (const auto byte = next == 'x' && i + 2 < text.size() ? from_hex(text.substr(i + 1, 2)) : std::nullopt) {
      bytes += *byte;
      i += 2;
    } else {
      return fail(
          Errc::invalid_argument,
          fmt::format("a backslash at column {}, before none of t, n, x and two hex digits, or a backslash", i));
    }
  }
  return bytes;
}

Result<Pair> parse_pair(std::string_view line) {
  if (line.starts_with('{')) return parse_object(line);
  const std::size_t tab = line.find('\t');
  if (tab == std::string_view::npos) return fail(Errc::invalid_argument, "no tab between a key and a value");
  if (line.find('\t', tab + 1) != std::string_view::npos) {
    return fail(Errc::invalid_argument, "a second tab; in a value it is written \\t");
  }
  auto key = unescape(line.substr(0, tab));
  if (!key) return tl::unexpected{key.error()};
  auto value = unescape(line.substr(tab + 1));
  if (!value) return tl::unexpected{value.error()};
  return Pair{*std::move(key), *std::move(value)};
}

void add_bytes(json& object, const std::string& name, std::string_view bytes) {
  if (is_utf8(bytes)) {
    object[name] = bytes;
  } else {
    object[name + "_hex"] = to_hex(bytes);
  }
}

std::string to_line(const MemoryValue& value) {
  switch (value.kind()) {
    case ValueKind::number: return fmt::format("{}", value.number());
    case ValueKind::lease:
      return fmt::format("lease {} of {:x} until {}.{:03}", value.token(), value.holder(),
                         value.expires() / 1'000'000'000, value.expires() / 1'000'000 % 1000);
    default: return escape(value.text());
  }
}

json to_json(const MemoryValue& value) {
  switch (value.kind()) {
    case ValueKind::number: return {{"kind", "number"}, {"value", value.number()}};
    case ValueKind::lease:
      return {{"kind", "lease"},
              {"token", value.token()},
              {"holder", fmt::format("{:x}", value.holder())},
              {"expires_ns", value.expires()}};
    default: {
      json bytes{{"kind", "bytes"}};
      add_bytes(bytes, "value", value.text());
      if (value.expires() != 0) bytes["expires_ns"] = value.expires();
      return bytes;
    }
  }
}

}  // namespace myelin::tool
