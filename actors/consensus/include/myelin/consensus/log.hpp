/// A validator's log as bytes, and what a crash left of it. docs/consensus.md has the format.
///
/// Whoever drives the core owns the file; nothing here touches a disk. The file may be allocated ahead, with zeros.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "myelin/base/result.hpp"
#include "myelin/consensus/committee.hpp"
#include "myelin/consensus/log_record.hpp"

namespace myelin::consensus {

/// Sets one log apart from all others, and is known to nobody outside its machine: what a stranger gets written into
/// the log within a payload cannot pass for a record. Drawn at random by whoever creates the log.
struct LogSalt {
  std::array<std::uint8_t, 32> bytes{};
  friend bool operator==(const LogSalt&, const LogSalt&) = default;
};

/// Turns records into a log's bytes, and knows how far they are on disk. **Thread-safety**: thread-compatible.
///
/// Each record says up to where the log was on disk when it was appended. So a reader can tell what a crash may have
/// torn from what it may not have touched.
class LogWriter {
 public:
  /// Of a new log: head() comes first.
  LogWriter(Epoch epoch, const LogSalt& salt);

  /// What a new log starts with: to be written at 0, and to be on disk before the first record is written.
  [[nodiscard]] std::vector<std::byte> head() const;

  /// The record as bytes, to be written where offset() was before the call. **Cost**: copies it, and hashes all
  /// but a vertex's payload, for which its header vouches.
  [[nodiscard]] std::vector<std::byte> append(const LogRecord& record);

  /// Bytes up to `offset` are on disk for good. **Requires**: offset <= offset().
  void synced(std::uint64_t offset);

  /// The log's length: where the next record goes.
  [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }
  [[nodiscard]] std::uint64_t synced_offset() const noexcept { return synced_; }

 private:
  friend class LogReader;

  Epoch epoch_;
  LogSalt salt_;
  std::uint64_t offset_;
  std::uint64_t synced_;
  std::uint64_t last_check_;  // Of the last record, which the next one names.
};

/// What a log holds.
struct LogContent {
  std::vector<LogRecord> records;
  std::uint64_t valid_bytes = 0;  ///< The log's length once what a crash tore is cut off; 0: it has not begun.
  bool torn = false;              ///< Whether something was.
  /// Goes on behind the last record; none where the log has not begun. **Requires**: the file was cut to `valid_bytes`
  /// (zeros may follow), and that and all before is on disk: also what was read may have been in memory only.
  std::optional<LogWriter> writer;
};

/// Reads a log as a crash left it. Its vertices were checked when they were accepted: the checksums vouch for them, and
/// signatures are not checked again.
///
/// A crash loses any of the sectors that were written since the last sync, whole or from some byte on, in any order;
/// what is lost is zeros, or missing where the file ends. What is bad in just that way, with no record after it that
/// knows it to be on disk, is a torn tail: what it held was never promised to anyone. It is left out, with all after
/// it. All else that is bad is damage to what was promised.
///
/// One kind of damage cannot be told from a torn tail: whole sectors of the last sync that turned to zeros later.
/// **Errors**: corrupt_file, naming the offset, and for a log of another epoch: the validator must not vote with what
/// is left; unsupported_version.
[[nodiscard]] Result<LogContent> read_log(std::span<const std::byte> log, const Committee& committee);

}  // namespace myelin::consensus
