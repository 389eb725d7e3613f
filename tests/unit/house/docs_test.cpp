// Code in the docs is code that is compiled, or read by CMake and a node: each ```cpp, ```capnp, ```cmake and ```toml
// block stands, to the letter, in a file of examples/. And what the docs link to is there.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

namespace {

namespace fs = std::filesystem;

std::string contents(const fs::path& path) {
  std::ifstream file{path};
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

struct Block {
  std::string where;
  std::string text;
};

/// The fenced blocks of one language. `name` stands for the text in messages.
std::vector<Block> blocks(const std::string& name, const std::string& markdown, const std::string& language) {
  std::vector<Block> found;
  std::istringstream lines{markdown};
  std::string line;
  bool inside = false;
  for (int number = 1; std::getline(lines, line); ++number) {
    if (!inside && line == "```" + language) {
      inside = true;
      found.push_back({name + ":" + std::to_string(number), ""});
    } else if (inside && line == "```") {
      inside = false;
    } else if (inside) {
      found.back().text += line + "\n";
    }
  }
  return found;
}

/// What `[text](target)` links to within the tree, outside of code blocks, with the part after '#' left out.
std::vector<std::string> links(const std::string& markdown) {
  static const std::regex kLink{R"(\]\(([^)#:]+)(#[^)]*)?\))"};  // with a colon, it leads out of the tree
  std::vector<std::string> found;
  std::istringstream lines{markdown};
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("```")) inside = !inside;
    if (inside || line.starts_with("    ")) continue;
    for (std::sregex_iterator link{line.begin(), line.end(), kLink}, end; link != end; ++link) {
      found.push_back((*link)[1]);
    }
  }
  return found;
}

std::vector<fs::path> documents_of(const fs::path& root) {
  std::vector<fs::path> documents{root / "README.md", root / "CONTRIBUTING.md"};
  for (const auto& entry : fs::recursive_directory_iterator{root / "docs"}) {
    if (entry.path().extension() == ".md") documents.push_back(entry.path());
  }
  return documents;
}

std::vector<std::string> example_files(const fs::path& root) {
  std::vector<std::string> texts;
  for (const auto& entry : fs::recursive_directory_iterator{root}) {
    if (entry.is_regular_file()) texts.push_back(contents(entry.path()));
  }
  return texts;
}

bool stands_in_any(const std::string& text, const std::vector<std::string>& files) {
  return std::any_of(files.begin(), files.end(),
                     [&](const std::string& file) { return file.find(text) != std::string::npos; });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(docs)

BOOST_AUTO_TEST_CASE(every_code_block_stands_in_an_example) {
  const fs::path root{MYELIN_SOURCE_DIR};
  const std::vector<std::string> examples = example_files(root / "examples");
  int checked = 0;
  for (const fs::path& document : documents_of(root)) {
    for (const char* language : {"cpp", "capnp", "cmake", "toml"}) {
      for (const Block& block : blocks(fs::relative(document, root).string(), contents(document), language)) {
        BOOST_TEST(stands_in_any(block.text, examples), block.where << " shows code that no file of examples/ holds");
        ++checked;
      }
    }
  }
  BOOST_TEST(checked > 0);
}

BOOST_AUTO_TEST_CASE(a_block_that_differs_by_a_letter_is_found) {
  const auto found = blocks("x.md", "text\n```cpp\nint main() {}\n```\nmore\n", "cpp");
  BOOST_REQUIRE(found.size() == 1U);
  BOOST_TEST(found[0].where == "x.md:2");
  BOOST_TEST(stands_in_any(found[0].text, {"before\nint main() {}\nafter\n"}));
  BOOST_TEST(!stands_in_any(found[0].text, {"int main() { }\n"}));
}

BOOST_AUTO_TEST_CASE(every_link_leads_somewhere) {
  const fs::path root{MYELIN_SOURCE_DIR};
  int checked = 0;
  for (const fs::path& document : documents_of(root)) {
    for (const std::string& target : links(contents(document))) {
      BOOST_TEST(fs::exists(document.parent_path() / target), fs::relative(document, root).string()
                                                                  << " links to " << target << ", which is not there");
      ++checked;
    }
  }
  BOOST_TEST(checked > 0);
}

BOOST_AUTO_TEST_CASE(links_in_code_and_out_of_the_tree_are_not_followed) {
  const auto found =
      links("[a](b.md) and [c](d/e.md#part), [web](https://example.org)\n```cpp\n[x](y)\n```\n    [p](q)\n");
  BOOST_TEST(found == (std::vector<std::string>{"b.md", "d/e.md"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
