/// Where a node writes what happens.
#pragma once

#include <spdlog/logger.h>

#include <filesystem>
#include <memory>
#include <string>

#include "myelin/base/result.hpp"
#include "myelin/operation/log_book.hpp"

namespace myelin::tool {

/// How much of a log is kept in files: the present one, and those before it.
inline constexpr std::size_t kLogBytesPerFile = std::size_t{16} << 20;
inline constexpr std::size_t kLogFiles = 4;

/// `where`: "stderr", or the name of a file in `folder`. `level`: "debug", "info", "warn" or "error". Each line is
/// written out at once, and added to the book. **Errors**: io_error. **Thread-safety**: the logger is thread-safe.
[[nodiscard]] Result<std::shared_ptr<spdlog::logger>> open_log(const std::string& where, const std::string& level,
                                                               const std::filesystem::path& folder,
                                                               std::shared_ptr<operation::LogBook> book);

}  // namespace myelin::tool
