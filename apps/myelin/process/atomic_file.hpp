/// Writing a file so that a reader, or a crash at any moment, sees the old content or the new, never a part.
#pragma once

#include <filesystem>
#include <string_view>

#include "myelin/base/result.hpp"

namespace myelin::tool {

/// Writes to a temporary name in the same directory, flushes it to the disk, then renames it to `path`. The temporary
/// file is removed on every failure.
///
/// A symbolic link is followed, also to a file that is not there yet: its target is replaced and the link stays. What
/// is there and no regular file (a FIFO, a terminal, /dev/null) is never replaced but written to, all at once, as a
/// shell's `>` would; so is a file that this process has open already, by its name in /proc (/dev/stdout), which gets
/// the content at its end. Opening a FIFO waits for a reader.
/// **Errors**: io_error, with the path and the system's reason; directories and block devices are refused.
/// **Thread-safety**: thread-safe.
/// **Cost**: two fsync (the file and its directory).
[[nodiscard]] Result<void> write_file_atomically(const std::filesystem::path& path, std::string_view content);

/// Whether write_file_atomically() would find a place for `path`: to be asked before long work, not after it. `option`
/// names it in the error, e.g. "--save". **Errors**: io_error, with the path and the remedy. **Thread-safety**:
/// thread-safe.
[[nodiscard]] Result<void> check_can_write(std::string_view option, const std::filesystem::path& path);

/// Whether both would be written to the same place, also where nothing is there yet. **Thread-safety**: thread-safe.
[[nodiscard]] bool are_same_file(const std::filesystem::path& a, const std::filesystem::path& b);

}  // namespace myelin::tool
