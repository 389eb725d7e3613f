/// A file that one process at a time holds, and who that is.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <stop_token>

#include <sys/types.h>

#include "myelin/base/result.hpp"

namespace myelin::tool {

/// Held for as long as this lives; the system takes it back when the process ends, however it does.
/// **Thread-safety**: thread-compatible.
class FileLock {
 public:
  struct Wait {
    std::chrono::milliseconds limit = std::chrono::minutes{1};
    std::stop_token stop = {};
    /// Told once, with the process that holds it (0 where that is not known), where there is one; may be empty.
    std::function<void(pid_t)> on_wait = {};
  };

  /// Makes the file where there is none, with this process's number in it. Its folder must be there.
  /// **Errors**: timeout, which names who holds it; cancelled; not_found where there is no such folder; io_error.
  [[nodiscard]] static Result<FileLock> take(const std::filesystem::path& file, const Wait& wait);

  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int descriptor) : descriptor_{descriptor} {}

  int descriptor_;
};

/// The process whose number is in the file, if it runs and has the file open: another one may have got its number
/// meanwhile. 0 where there is none. (The lock itself is not tried: who takes it at that moment would be refused.)
[[nodiscard]] pid_t holder_of(const std::filesystem::path& file);

}  // namespace myelin::tool
