/// Small files, read and replaced as a whole.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "myelin/base/result.hpp"

namespace myelin::validator {

/// The file's bytes, up to `bytes_max` of them. **Errors**: not_found; invalid_argument for what is no plain file;
/// io_error.
[[nodiscard]] Result<std::string> read_file(const std::filesystem::path& path, std::size_t bytes_max);

/// Writes beside the file, syncs, and renames: a crash leaves the old bytes or the new. All may read it.
/// **Errors**: not_found, if there is no such folder; io_error.
[[nodiscard]] Result<void> replace_file(const std::filesystem::path& path, std::string_view bytes);

}  // namespace myelin::validator
