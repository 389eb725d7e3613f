/// The folder that belongs to one node.
#pragma once

#include <filesystem>

#include "myelin/base/result.hpp"

namespace myelin::tool {

/// Held for as long as this lives; the system takes it back when the process ends, however it does.
/// **Thread-safety**: thread-compatible.
class DataFolder {
 public:
  /// Makes the folder, and those above it, where there is none; in it a file named "lock".
  /// **Errors**: invalid_argument where another node has it: names the process; io_error.
  [[nodiscard]] static Result<DataFolder> take(const std::filesystem::path& folder);

  DataFolder(DataFolder&& other) noexcept;
  DataFolder& operator=(DataFolder&&) = delete;
  ~DataFolder();

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  DataFolder(std::filesystem::path path, int lock) : path_{std::move(path)}, lock_{lock} {}

  std::filesystem::path path_;
  int lock_;
};

}  // namespace myelin::tool
