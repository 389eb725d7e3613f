/// A validator's log on disk: what was appended is encoded here and now, and written and synced on any other thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "myelin/base/result.hpp"
#include "myelin/consensus/committee.hpp"
#include "myelin/consensus/log.hpp"
#include "myelin/validator/disk.hpp"

namespace myelin::validator {

struct LogOptions {
  /// What a new log has of zeros before anything is written: to sync what is written over them needs no change of the
  /// file system's tables.
  std::uint64_t zeroed_bytes = std::uint64_t{16} << 20;
  /// One that takes another's place has as many as that one was long, up to this.
  std::uint64_t zeroed_bytes_max = std::uint64_t{128} << 20;
  /// Beyond, so much is allocated at a time.
  std::uint64_t step_bytes = std::uint64_t{16} << 20;
};

/// 32 bytes from the system's source of randomness. **Thread-safety**: thread-safe.
[[nodiscard]] consensus::LogSalt random_log_salt();

struct OpenedLog;

/// One log of one epoch. The first failure of its file is the last: after a write or a sync has failed, nobody knows
/// what is on disk, and nothing more is written. Whoever runs the validator stops it, sees to the disk, and starts it
/// again: then the log is read, and all of it is written once more.
///
/// **Thread-safety**: thread-compatible; a Flush and a Restart may run on other threads meanwhile, each on one.
class LogFile {
  struct OpenFile;

 public:
  /// What was appended up to a moment, on its way to the disk.
  class Flush {
   public:
    Flush(Flush&&) noexcept = default;
    Flush& operator=(Flush&&) noexcept = default;

    /// Writes, and syncs. To be called once. All that was appended before begin_flush() is on disk when it succeeds.
    /// **Errors**: io_error, naming the file, what was attempted, and the system's reason; the same again for every
    /// later flush. **Thread-safety**: on any thread. **Cost**: blocks for the disk.
    [[nodiscard]] Result<void> run();
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_.size(); }

   private:
    friend class LogFile;
    Flush() = default;
    [[nodiscard]] Result<void> perform();

    std::shared_ptr<OpenFile> file_;
    std::vector<std::byte> bytes_;
    std::uint64_t offset_ = 0;
    bool takes_over_ = false;  // its file is the new log
    bool is_done_ = false;
  };

  /// A new, shorter log, on its way to the disk.
  class Restart {
   public:
    Restart(Restart&&) noexcept = default;
    Restart& operator=(Restart&&) noexcept = default;

    /// Writes it beside the log, and syncs. To be called once. **Errors**: io_error; the log goes on as it was.
    /// **Thread-safety**: on any thread, while flushes run on others. **Cost**: blocks for the disk.
    [[nodiscard]] Result<void> run();

   private:
    friend class LogFile;
    Restart() = default;
    [[nodiscard]] Result<void> perform();

    std::shared_ptr<OpenFile> file_;
    std::vector<std::byte> bytes_;  // its head and first records
    std::uint64_t zeroed_bytes_ = 0;
    bool is_done_ = false;
  };

  /// Opens a log, or begins one where there is none yet. What is read is on disk when this returns, and what a crash
  /// tore is cut off. **Requires**: `disk` lives as long; no other LogFile has this path open.
  /// **Errors**: corrupt_file for a damaged log, naming the offset: the validator must not vote with it, and needs a
  /// new key in the next epoch; unsupported_version; not_found, if there is no such folder; io_error.
  /// **Cost**: reads all of it, and writes it once more.
  [[nodiscard]] static Result<OpenedLog> open(Disk& disk, const std::filesystem::path& path,
                                              const consensus::Committee& committee,
                                              const consensus::LogSalt& salt_if_new, const LogOptions& options = {});

  LogFile(LogFile&&) noexcept;
  LogFile& operator=(LogFile&&) noexcept;
  ~LogFile();

  /// **Cost**: copies the record, and hashes all but a vertex's payload.
  void append(const consensus::LogRecord& record);
  /// Whether there is something to flush.
  [[nodiscard]] bool has_pending() const noexcept;

  /// **Requires**: no flush has begun that has not ended.
  [[nodiscard]] Flush begin_flush();
  /// **Requires**: `flush` is what begin_flush() gave, and it has run.
  void end_flush(Flush flush);
  [[nodiscard]] bool is_flushing() const noexcept { return is_flushing_; }

  /// Begins to write a new log that starts with these records, as Core::checkpoint() gives them; what is appended from
  /// now on goes to both. `salt`: drawn anew. **Requires**: !is_restarting().
  [[nodiscard]] Restart begin_restart(std::span<const consensus::LogRecord> records, const consensus::LogSalt& salt);
  /// Where the restart has run well, the next flush is to the new log, and puts it in the old one's place. Where not,
  /// the old one goes on. **Requires**: `restart` is what begin_restart() gave, and it has run.
  void end_restart(Restart restart);
  /// From begin_restart() until the flush that takes the new log over has ended, or end_restart() has given it up:
  /// until then the new log's name is in use.
  [[nodiscard]] bool is_restarting() const noexcept { return next_ != nullptr || is_taking_over_; }

  /// The log's length in bytes.
  [[nodiscard]] std::uint64_t size() const noexcept { return writer_.offset(); }

 private:
  struct Next;

  LogFile(std::shared_ptr<OpenFile> file, const consensus::LogWriter& writer, consensus::Epoch epoch);

  std::shared_ptr<OpenFile> file_;
  consensus::LogWriter writer_;
  consensus::Epoch epoch_;
  std::vector<std::byte> pending_;
  std::vector<std::byte> spare_;  // A buffer that the next flush's bytes may use.
  std::unique_ptr<Next> next_;
  bool is_flushing_ = false;
  bool is_taking_over_ = false;  // that flush
};

/// What LogFile::open() found.
struct OpenedLog {
  LogFile log;
  std::vector<consensus::LogRecord> records;  ///< What to recover the core from.
  bool torn = false;                          ///< A crash had torn the log's end, which was promised to nobody.
  bool is_new = false;  ///< There was none. With a key that has voted in this epoch before, the disk was lost.
};

}  // namespace myelin::validator
