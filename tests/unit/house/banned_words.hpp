// Words that must not stand in the code of a folder: what includes alone cannot keep out, since the standard library
// has clocks, files, threads and randomness too.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace myelin::house {

/// A banned word, found.
struct BannedUse {
  std::string file;  ///< relative to the root of the tree, with '/'
  int line = 0;      ///< from 1
  std::string word;
  std::string reason;
};

/// A folder, and the identifiers that its sources and the folders below it do without.
struct WordRule {
  std::string_view folder;
  std::string_view reason;
  std::vector<std::string_view> words;
};

/// The rules, all of them.
const std::vector<WordRule>& word_rules();

/// Finds each banned word as a whole identifier, but for comments and string literals.
/// Requires: `root` is a folder; a folder of the table that it lacks is passed over.
/// `files`, where given, receives how many files were read.
std::vector<BannedUse> find_banned_words(const std::filesystem::path& root, int* files = nullptr);

}  // namespace myelin::house
