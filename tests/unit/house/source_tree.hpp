// A small source tree that is gone after the test.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace myelin::house {

class SourceTree {
 public:
  SourceTree() : root_(std::filesystem::temp_directory_path() / ("myelin_layering_" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(root_);
  }
  ~SourceTree() { std::filesystem::remove_all(root_); }
  SourceTree(const SourceTree&) = delete;
  SourceTree& operator=(const SourceTree&) = delete;

  void write(const std::string& file, const std::string& text) const {
    std::filesystem::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << text;
  }
  const std::filesystem::path& root() const { return root_; }

 private:
  std::filesystem::path root_;
};

}  // namespace myelin::house
