/// What a backup has behind the pages of its store: a seal, by which a reader knows that it has all of it, unchanged.
///
///     seal    "MYBACKUP" (8 bytes), format (8), bytes before the seal (8), zeros (8), BLAKE2b-256 over all of that
///     (32)
///
/// LMDB's pages have no checksums, and reading damaged ones can crash the process: so the seal is compared before any
/// of them is looked at. All numbers are little-endian.
#pragma once

#include <filesystem>

#include "myelin/base/result.hpp"
#include "storage/descriptor.hpp"

namespace myelin::validator {

/// Reads what is in the file, and writes the seal behind it. Nothing is synced. `path`: for errors.
/// **Errors**: io_error. **Cost**: reads and hashes all of it, 1 s a GB.
[[nodiscard]] Result<void> seal_backup(const Descriptor& file, const std::filesystem::path& path);

/// Whether the file ends in a seal, whatever that says. **Errors**: io_error.
[[nodiscard]] Result<bool> is_sealed(const Descriptor& file, const std::filesystem::path& path);

/// Compares what is in the file with the seal at its end. **Errors**: corrupt_file: no seal, or another than the bytes
/// have; unsupported_version; io_error. **Cost**: as seal_backup().
[[nodiscard]] Result<void> check_seal(const Descriptor& file, const std::filesystem::path& path);

/// Copies what a backup has before its seal into a new file, for its owner alone, which is on disk when this returns;
/// where it fails, there is none.
/// **Errors**: not_found; corrupt_file: no seal, or another than the bytes have; unsupported_version; io_error.
[[nodiscard]] Result<void> open_seal(const std::filesystem::path& backup, const std::filesystem::path& to);

}  // namespace myelin::validator
