/// The operating system's files as an interface, so that tests can make them fail at any point.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "myelin/base/result.hpp"

namespace myelin::validator {

/// An open file. **Thread-safety**: thread-compatible. **Errors**: all calls give io_error with the file, what was
/// attempted, and the system's reason.
class File {
 public:
  virtual ~File() = default;

  /// Writes some of the bytes, at least one, and says how many. **Requires**: there is one.
  [[nodiscard]] virtual Result<std::size_t> write_some(std::span<const std::byte> bytes, std::uint64_t offset) = 0;
  /// What was written, and the file's length, are on disk when this returns. If it fails, nobody knows what is: not
  /// even a later call that succeeds.
  [[nodiscard]] virtual Result<void> sync() = 0;
  [[nodiscard]] virtual Result<void> resize(std::uint64_t bytes) = 0;
  /// Has the disk set space aside behind `offset`; it reads as zeros.
  [[nodiscard]] virtual Result<void> allocate(std::uint64_t offset, std::uint64_t bytes) = 0;
  [[nodiscard]] virtual Result<std::vector<std::byte>> read_all() = 0;

  /// Writes all of the bytes.
  [[nodiscard]] Result<void> write(std::span<const std::byte> bytes, std::uint64_t offset);
  /// Writes zeros from `offset` up to `end`.
  [[nodiscard]] Result<void> write_zeros(std::uint64_t offset, std::uint64_t end);
};

/// **Thread-safety**: thread-safe. **Errors**: as those of File; not_found, if there is no such folder.
class Disk {
 public:
  virtual ~Disk() = default;

  /// Opens a file, for this process's owner alone; makes an empty one where there is none.
  [[nodiscard]] virtual Result<std::unique_ptr<File>> open(const std::filesystem::path& path) = 0;
  /// Makes `to` another name for what `from` is, instead of what it was, and `from` nothing.
  [[nodiscard]] virtual Result<void> rename(const std::filesystem::path& from, const std::filesystem::path& to) = 0;
  /// Nothing happens where there is no such file.
  [[nodiscard]] virtual Result<void> remove(const std::filesystem::path& path) = 0;
  /// Which files a folder has, under which names, is on disk when this returns.
  [[nodiscard]] virtual Result<void> sync_folder(const std::filesystem::path& folder) = 0;
};

class PosixDisk final : public Disk {
 public:
  [[nodiscard]] Result<std::unique_ptr<File>> open(const std::filesystem::path& path) override;
  [[nodiscard]] Result<void> rename(const std::filesystem::path& from, const std::filesystem::path& to) override;
  [[nodiscard]] Result<void> remove(const std::filesystem::path& path) override;
  [[nodiscard]] Result<void> sync_folder(const std::filesystem::path& folder) override;
};

}  // namespace myelin::validator
