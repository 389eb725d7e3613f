// What the core of the consensus group does without, kept by a test; and that such words are found where they stand.
#include <string>
#include <utility>

#include <boost/test/unit_test.hpp>

#include "banned_words.hpp"
#include "source_tree.hpp"

using namespace myelin::house;

namespace {

std::vector<BannedUse> uses_in(const std::string& file, const std::string& text) {
  const SourceTree tree;
  tree.write(file, text);
  return find_banned_words(tree.root());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(banned_words)

BOOST_AUTO_TEST_CASE(this_tree_has_none) {
  int files = 0;
  for (const BannedUse& use : find_banned_words(MYELIN_SOURCE_DIR, &files)) {
    BOOST_ERROR(use.file << ":" << use.line << ": '" << use.word << "': " << use.reason);
  }
  BOOST_TEST(files > 1);
}

BOOST_AUTO_TEST_CASE(each_word_is_found_in_its_folder_and_below) {
  int words = 0;
  for (const WordRule& rule : word_rules()) {
    for (const std::string_view word : rule.words) {
      for (const char* below : {"/a.cpp", "/b/c/d.hpp"}) {
        const std::string file = std::string{rule.folder} + below;
        const auto uses = uses_in(file, "#pragma once\n\nauto x = std::" + std::string{word} + "::now();\n");
        BOOST_TEST_CONTEXT(file << ": " << word) {
          BOOST_REQUIRE(uses.size() == 1U);
          BOOST_TEST(uses.front().file == file);
          BOOST_TEST(uses.front().line == 3);
          BOOST_TEST(uses.front().word == word);
          BOOST_TEST(!uses.front().reason.empty());
        }
        ++words;
      }
    }
  }
  BOOST_TEST(words > 50);
}

BOOST_AUTO_TEST_CASE(includes_of_them_are_found) {
  BOOST_TEST(uses_in("actors/consensus/core/a.cpp", "#include <filesystem>\n#include <thread>\n").size() == 2U);
}

BOOST_AUTO_TEST_CASE(elsewhere_they_are_not_banned) {
  BOOST_TEST(uses_in("actors/runtime/a.cpp", "std::steady_clock::now();\n").empty());
  BOOST_TEST(uses_in("actors/consensus/execution/a.cpp", "std::thread worker;\n").empty());
  BOOST_TEST(uses_in("actors/consensus/core/notes.txt", "std::thread worker;\n").empty());
}

BOOST_AUTO_TEST_CASE(parts_of_words_comments_and_literals_are_not_taken_for_them) {
  const char* const harmless[] = {
      "int operand = 1, my_socket_count, Socket;\n",
      "// no socket, no getenv\n/// nor rand()\nint a;  // nor thread\n",
      "/* a socket\n over lines: getenv */ int a;\n",
      "auto a = \"the socket of \\\"getenv\\\" \";\n",
      "char a = '\"'; char b = '\\''; // socket\n",
      "int thousand = 1'000; // socket\n",
  };
  for (const char* const text : harmless) {
    BOOST_TEST_CONTEXT(text) { BOOST_TEST(uses_in("actors/consensus/core/a.cpp", text).empty()); }
  }
  const char* const harmful[] = {
      "/* one */ socket();\n", "auto a = \"//\"; socket();\n",        "char a = '\"'; socket(); char b = '\"';\n",
      "// one\nsocket();\n",   "int b = 1'000; socket(); b = 2'0;\n",
  };
  for (const char* const text : harmful) {
    BOOST_TEST_CONTEXT(text) { BOOST_TEST(uses_in("actors/consensus/core/a.cpp", text).size() == 1U); }
  }
}

BOOST_AUTO_TEST_SUITE_END()
