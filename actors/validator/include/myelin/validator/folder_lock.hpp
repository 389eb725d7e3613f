/// Keeps a validator's folder for one process.
#pragma once

#include <filesystem>
#include <memory>

#include "myelin/base/result.hpp"

namespace myelin::validator {

/// Two processes that run one validator would contradict each other in its name. Whoever holds this may use the folder;
/// the system takes it back when the process ends, however it does.
class FolderLock {
 public:
  /// Makes the folder, for its owner alone, where there is none; in it, a file named "lock".
  /// **Errors**: invalid_argument, if another process, or another FolderLock of this one, holds the folder: names it,
  /// and the process where it can; not_found, if there is no folder above; io_error. **Thread-safety**: thread-safe.
  [[nodiscard]] static Result<FolderLock> take(const std::filesystem::path& folder);

  FolderLock(FolderLock&&) noexcept;
  FolderLock& operator=(FolderLock&&) noexcept;
  ~FolderLock();

 private:
  class Impl;
  explicit FolderLock(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace myelin::validator
