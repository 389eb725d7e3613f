// Which folder may include what: the layers, as a table and a function that holds a source tree against it.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace myelin::house {

/// An include that points against the layers.
struct Violation {
  std::string file;     ///< relative to the root of the tree, with '/'
  int line = 0;         ///< from 1
  std::string include;  ///< as written
  std::string reason;   ///< what is wrong, and where it may be done
};

/// A folder, and the libraries (names as in `library_of`) that its files may include. The longest folder that holds a
/// file is the one that counts. Files may always include the standard library and headers of their own layer.
struct FolderRule {
  std::string_view folder;
  std::string_view layer;  ///< the private headers of one layer are no business of another
  std::vector<std::string_view> libraries;
};

/// The rules, all of them.
const std::vector<FolderRule>& folder_rules();

/// The library that an include belongs to: "std", "posix", a layer ("base", "serialization", "kernels", "actors",
/// "testkit"), or a third party ("caf", "hwy", ...). "" where it is none of those.
std::string_view library_of(std::string_view include);

/// Holds every C++ file in the folders of the table against it.
/// Requires: `root` is a folder; a folder of the table that it lacks is passed over.
/// `files`, where given, receives how many files were read.
std::vector<Violation> check_includes(const std::filesystem::path& root, int* files = nullptr);

/// The C++ sources (.cpp) in the folders of the table that no CMakeLists.txt names: dead files.
std::vector<std::string> find_unbuilt_sources(const std::filesystem::path& root);

}  // namespace myelin::house
