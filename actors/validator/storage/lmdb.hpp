/// LMDB's C interface, with owners and Results.
#pragma once

#include <cerrno>
#include <filesystem>
#include <memory>
#include <string_view>

#include <fmt/format.h>
#include <lmdb.h>

#include "myelin/base/result.hpp"

namespace myelin::validator::lmdb {

/// "cannot save to 'data/state': No space left on device". `code`: what LMDB returned.
[[nodiscard]] inline tl::unexpected<Error> failure(std::string_view operation, const std::filesystem::path& path,
                                                   int code) {
  Errc cause = Errc::io_error;
  std::string_view remedy;
  switch (code) {
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
      cause = Errc::corrupt_file;
      remedy = ". Take it from a backup, or have the validator fetch the state from the others";
      break;
    case MDB_VERSION_MISMATCH: cause = Errc::unsupported_version; break;
    case MDB_READERS_FULL:
      cause = Errc::overloaded;
      remedy = ". Keep views for a short time, or raise StoreOptions::views_max";
      break;
    case MDB_MAP_FULL: remedy = ". Raise StoreOptions::bytes_max, or do not keep views for long"; break;
    case MDB_PANIC: remedy = ". An earlier write failed: see to the disk, and start again"; break;
    case EIO: remedy = ", or it has written less than it was given: the disk may be full"; break;
    case ENOENT: cause = Errc::not_found; break;
    default: break;
  }
  return fail(cause, fmt::format("cannot {} '{}': {}{}", operation, path.string(), mdb_strerror(code), remedy));
}

struct CloseEnvironment {
  void operator()(MDB_env* environment) const noexcept { mdb_env_close(environment); }
};
using Environment = std::unique_ptr<MDB_env, CloseEnvironment>;

struct AbortTransaction {
  void operator()(MDB_txn* transaction) const noexcept { mdb_txn_abort(transaction); }
};
/// Aborted at its end, unless it was released to mdb_txn_commit().
using Transaction = std::unique_ptr<MDB_txn, AbortTransaction>;

struct CloseCursor {
  void operator()(MDB_cursor* cursor) const noexcept { mdb_cursor_close(cursor); }
};
/// **Requires**: a writing transaction outlives it.
using Cursor = std::unique_ptr<MDB_cursor, CloseCursor>;

/// Null, and LMDB's code in `code`, where it fails.
[[nodiscard]] inline Transaction begin(MDB_env* environment, unsigned flags, int& code) noexcept {
  MDB_txn* transaction = nullptr;
  code = mdb_txn_begin(environment, nullptr, flags, &transaction);
  return Transaction{transaction};
}
[[nodiscard]] inline Cursor open_cursor(MDB_txn* transaction, MDB_dbi database, int& code) noexcept {
  MDB_cursor* cursor = nullptr;
  code = mdb_cursor_open(transaction, database, &cursor);
  return Cursor{cursor};
}

[[nodiscard]] inline MDB_val value_of(std::string_view text) noexcept {
  return {text.size(), const_cast<char*>(text.data())};  // LMDB does not write to it.
}
[[nodiscard]] inline std::string_view text_of(const MDB_val& value) noexcept {
  return {static_cast<const char*>(value.mv_data), value.mv_size};
}

}  // namespace myelin::validator::lmdb
