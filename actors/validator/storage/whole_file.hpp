/// A new file that is there as a whole or not at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "myelin/base/result.hpp"
#include "storage/descriptor.hpp"

namespace myelin::validator {

/// Under another name (`.partial`) until keep(); without that it is gone again. **Thread-safety**: thread-compatible.
class WholeFile {
 public:
  /// For its owner alone. `what` it is, for errors: "a backup". **Errors**: invalid_argument, if there is such a file;
  /// not_found, if there is no such folder; io_error.
  [[nodiscard]] static Result<WholeFile> create(const std::filesystem::path& path, std::string what);
  WholeFile(WholeFile&&) noexcept = default;
  WholeFile& operator=(WholeFile&&) = delete;
  ~WholeFile();

  [[nodiscard]] const Descriptor& file() const noexcept { return file_; }
  /// What it is called until then: for errors.
  [[nodiscard]] const std::filesystem::path& partial() const noexcept { return partial_; }
  /// **Errors**: io_error.
  [[nodiscard]] Result<void> write(std::span<const std::byte> bytes, std::uint64_t offset) const;
  /// It is on disk, under its name, when this returns. **Errors**: as create().
  [[nodiscard]] Result<void> keep();

 private:
  WholeFile(std::filesystem::path path, std::string what);
  [[nodiscard]] tl::unexpected<Error> exists() const;

  std::filesystem::path path_;
  std::filesystem::path partial_;
  std::string what_;
  Descriptor file_;
};

}  // namespace myelin::validator
