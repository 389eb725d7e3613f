#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "myelin/serialization/json.hpp"

namespace myelin {

namespace {
constexpr bool is_letter(char letter) { return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z'); }
}  // namespace

// Cap'n Proto's own errors are expressions of its source, without a place.
std::string json_problem(std::string_view text) {
  using Json = nlohmann::json;
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return "it is empty";
  try {
    const auto keep_nothing = [](int, Json::parse_event_t, Json&) { return false; };
    [[maybe_unused]] const Json nothing = Json::parse(text.begin(), text.end(), keep_nothing);
  } catch (const Json::parse_error& error) {
    if (error.byte == 0 || error.byte > text.size()) return "it ends where a quote, brace or bracket is still open";
    std::size_t at = error.byte;  // from 1, of the last that was read
    // A word begins like 'true', say, and goes on otherwise: people look for its beginning.
    if (std::string_view{error.what()}.find("invalid literal") != std::string_view::npos) {
      while (at > 1 && is_letter(text[at - 1]) && is_letter(text[at - 2])) --at;
    }
    const auto letter = static_cast<unsigned char>(text[at - 1]);
    if (letter <= ' ' || letter > '~') return fmt::format("unexpected byte {:#04x} at character {}", letter, at);
    return fmt::format("unexpected '{}' at character {}", static_cast<char>(letter), at);
  } catch (const Json::exception&) {
    // A number that is too large, say.
  }
  return "it is nested too deeply, or has a number or a text that cannot be read";
}

}  // namespace myelin
