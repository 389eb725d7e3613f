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

/// Whether write_file_atomically() would find a place for `path`: to be asked before long work, not after it. `option`
/// names it in the error, e.g. "--save". **Errors**: io_error, with the path and the remedy. **Thread-safety**:
/// thread-safe.
[[nodiscard]] Result<void> check_can_write(std::string_view option, const std::filesystem::path& path);

}  // namespace myelin::tool
