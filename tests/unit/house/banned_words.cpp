#include "banned_words.hpp"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <utility>

namespace myelin::house {

namespace fs = std::filesystem;

namespace {

bool is_of_identifier(char letter) { return std::isalnum(static_cast<unsigned char>(letter)) != 0 || letter == '_'; }

/// The text with comments and literals as spaces, its lines as they were. Knows no raw strings, for there are none here
/// with quotes in them.
std::string code_of(const std::string& text) {
  enum class In { code, line_comment, block_comment, string, character } in = In::code;
  std::string code = text;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::string_view here = std::string_view{text}.substr(i, 2);
    const bool was_code = in == In::code;
    switch (in) {
      case In::code:
        if (here == "//") in = In::line_comment;
        if (here == "/*") in = In::block_comment;
        if (text[i] == '"') in = In::string;
        // Between digits it parts thousands.
        if (text[i] == '\'' && (i == 0 || !is_of_identifier(text[i - 1]))) in = In::character;
        break;
      case In::line_comment:
        if (text[i] == '\n') in = In::code;
        break;
      case In::block_comment:
        if (i > 0 && text[i - 1] == '*' && text[i] == '/') in = In::code;
        break;
      case In::string:
      case In::character:
        if (text[i] == '\\') {
          code[i++] = ' ';
        } else if (text[i] == (in == In::string ? '"' : '\'') || text[i] == '\n') {
          in = In::code;
        }
        break;
    }
    if ((!was_code || in != In::code) && i < text.size() && text[i] != '\n') code[i] = ' ';
  }
  return code;
}

void find_in(const std::string& code, const std::string& file, const WordRule& rule, std::vector<BannedUse>& found) {
  int line = 1;
  for (std::size_t begin = 0; begin < code.size();) {
    if (!is_of_identifier(code[begin])) {
      if (code[begin] == '\n') ++line;
      ++begin;
      continue;
    }
    std::size_t end = begin;
    while (end < code.size() && is_of_identifier(code[end])) ++end;
    const std::string_view word = std::string_view{code}.substr(begin, end - begin);
    if (std::ranges::find(rule.words, word) != rule.words.end())
      found.push_back({file, line, std::string{word}, std::string{rule.reason}});
    begin = end;
  }
}

}  // namespace

const std::vector<WordRule>& word_rules() {
  static const std::vector<std::string_view> threads = {
      "thread", "jthread", "this_thread", "mutex",        "shared_mutex", "condition_variable",
      "atomic", "future",  "async",       "thread_local", "sleep_for",    "sleep_until"};
  static const std::vector<std::string_view> orders = {"unordered_map", "unordered_set", "unordered_multimap",
                                                       "unordered_multiset"};
  static const std::vector<WordRule> rules = {
      {"actors/consensus",
       "time arrives as a parameter",
       {"steady_clock", "system_clock", "high_resolution_clock", "utc_clock", "clock_gettime", "gettimeofday"}},
      {"actors/consensus",
       "so does what is random",
       {"random_device", "mt19937", "mt19937_64", "minstd_rand", "default_random_engine", "rand", "srand",
        "randombytes", "randombytes_buf", "randombytes_random", "randombytes_uniform", "crypto_sign_keypair"}},
      {"actors/consensus",
       "files, sockets and the console are for those who drive the core",
       {"fopen", "fstream", "ifstream", "ofstream", "filesystem", "tmpfile", "socket", "getenv", "setenv", "cout",
        "cerr", "clog", "printf", "fprintf"}},
      // Executors run on several threads, and look up more than they decide.
      {"actors/consensus/core", "one thread drives the core", threads},
      {"actors/consensus/dag", "one thread drives the core", threads},
      {"actors/consensus/protocol", "what may run on any thread shares nothing", threads},
      {"actors/consensus/core", "an order that differs between machines must not show", orders},
      {"actors/consensus/dag", "an order that differs between machines must not show", orders},
      {"actors/consensus/protocol", "an order that differs between machines must not show", orders},
  };
  return rules;
}

std::vector<BannedUse> find_banned_words(const fs::path& root, int* files) {
  std::vector<BannedUse> found;
  if (files) *files = 0;
  for (const WordRule& rule : word_rules()) {
    if (!fs::is_directory(root / rule.folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root / rule.folder)) {
      const auto extension = entry.path().extension();
      if (extension != ".cpp" && extension != ".hpp") continue;
      if (files) ++*files;
      std::ifstream stream(entry.path());
      const std::string text{std::istreambuf_iterator<char>(stream), {}};
      find_in(code_of(text), entry.path().lexically_relative(root).generic_string(), rule, found);
    }
  }
  std::ranges::sort(found, {}, [](const BannedUse& use) { return std::pair{use.file, use.line}; });
  return found;
}

}  // namespace myelin::house
