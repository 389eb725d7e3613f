/// Writing a file so that a reader, or a crash at any moment, sees the old content or the new, never a part.
#pragma once

#include <filesystem>
#include <string_view>

#include "myelin/base/result.hpp"

namespace myelin::tool {

/// Writes to a temporary name in the same directory, flushes it to the disk, then renames it to `path`. The temporary
/// file is removed on every failure. **Errors**: io_error, with the path and the system's reason. **Thread-safety**:
/// thread-safe.
/// **Cost**: two fsync (the file and its directory).
[[nodiscard]] Result<void> write_file_atomically(const std::filesystem::path& path, std::string_view content);

}  // namespace myelin::tool
