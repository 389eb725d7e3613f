#include "project/agent_name.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

namespace myelin::tool {

namespace {

// Not the functions of <cctype>: what they say depends on the locale.
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
char to_lower(char c) { return is_upper(c) ? static_cast<char>(c | 0x20) : c; }
char to_upper(char c) { return is_lower(c) ? static_cast<char>(c & ~0x20) : c; }

/// The words of a name, in lower case: a new one begins at each underscore, at a capital after a small letter or a
/// digit, and at the last of several capitals.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  bool begins = true;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '_') {
      begins = true;
      continue;
    }
    const bool after_small = at > 0 && (is_lower(text[at - 1]) || is_digit(text[at - 1]));
    const bool before_small = at + 1 < text.size() && is_lower(text[at + 1]);
    if (begins || (is_upper(text[at]) && (after_small || before_small))) words.emplace_back();
    begins = false;
    words.back() += to_lower(text[at]);
  }
  return words;
}

AgentName name_of(std::string_view text) {
  AgentName name;
  for (std::string& word : words_of(text)) {
    if (!name.snake.empty()) name.snake += '_';
    name.snake += word;
    word[0] = to_upper(word[0]);
    name.camel += word;
  }
  return name;
}

/// A name like the one that was given, but right; empty if nothing of it can be used.
std::string nearest_name(std::string_view text) {
  std::string kept;
  for (const char c : text) {
    const bool usable = is_lower(c) || is_upper(c) || (is_digit(c) && !kept.empty());
    if (usable) {
      kept += c;
    } else if (!kept.empty() && kept.back() != '_') {
      kept += '_';
    }
    if (kept.size() == kAgentNameMax) break;
  }
  while (!kept.empty() && kept.back() == '_') kept.pop_back();
  return name_of(kept).snake;
}

// CMake's own targets, and the file of the program.
constexpr auto kTaken = std::to_array<std::string_view>({"all", "clean", "depend", "edit_cache", "help", "install",
                                                         "list_install_components", "main", "package", "package_source",
                                                         "rebuild_cache", "test"});

std::string problem_with(std::string_view text) {
  if (text.empty()) return "a name has at least one letter";
  if (text.size() > kAgentNameMax) return fmt::format("it has more than {} letters", kAgentNameMax);
  if (is_digit(text.front())) return "it begins with a digit";
  const auto wrong =
      std::ranges::find_if(text, [](char c) { return !is_lower(c) && !is_upper(c) && !is_digit(c) && c != '_'; });
  if (wrong != text.end()) {
    const bool printable = *wrong > ' ' && *wrong <= '~';
    return printable ? fmt::format("it contains '{}'", *wrong)
                     : std::string{"it contains what is neither a letter from a to z, a digit nor an underscore"};
  }
  if (text.front() == '_' || text.back() == '_') return "it begins or ends with an underscore";
  if (text.find("__") != std::string_view::npos) return "it has two underscores in a row";
  const std::string snake = name_of(text).snake;
  if (std::ranges::count(kTaken, snake) > 0) return fmt::format("'{}' has a meaning of its own in a build", snake);
  return {};
}

}  // namespace

Result<AgentName> parse_agent_name(std::string_view text) {
  if (const std::string problem = problem_with(text); !problem.empty()) {
    std::string example = nearest_name(text);
    if (!example.empty() && !problem_with(example).empty()) example += "_agent";
    if (example.empty() || !problem_with(example).empty()) example = "price_feed";
    return fail(Errc::invalid_argument,
                fmt::format("'{}' cannot name an agent: {}; for example: {}", text, problem, example));
  }
  return name_of(text);
}

}  // namespace myelin::tool
