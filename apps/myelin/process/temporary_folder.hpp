/// A folder that is gone after use.
#pragma once

#include <filesystem>
#include <string>
#include <utility>

#include "myelin/base/result.hpp"

namespace myelin::tool {

/// Owns the folder: destroyed with all that is in it. **Thread-safety**: thread-compatible.
class TemporaryFolder {
 public:
  /// Makes a new folder, whose name begins with `prefix`, where the system keeps temporary files.
  /// **Errors**: io_error.
  [[nodiscard]] static Result<TemporaryFolder> make(const std::string& prefix);
  /// The same in a folder that is there.
  [[nodiscard]] static Result<TemporaryFolder> make_in(const std::filesystem::path& parent, const std::string& prefix);

  TemporaryFolder(TemporaryFolder&& other) noexcept : path_{std::exchange(other.path_, {})} {}
  TemporaryFolder& operator=(TemporaryFolder&&) = delete;
  ~TemporaryFolder();

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  explicit TemporaryFolder(std::filesystem::path path) : path_{std::move(path)} {}

  std::filesystem::path path_;
};

}  // namespace myelin::tool
