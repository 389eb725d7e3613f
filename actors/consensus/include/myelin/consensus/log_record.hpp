/// What a validator writes to its log, and how a log is read after a crash.
#pragma once

#include <cstddef>
#include <span>
#include <variant>
#include <vector>

#include "myelin/base/result.hpp"
#include "myelin/consensus/commit.hpp"
#include "myelin/consensus/vertex.hpp"

namespace myelin::consensus {

/// A vertex that was accepted, or that we made. Own ones are on disk before anyone else sees them.
struct VertexRecord {
  VertexPtr vertex;
};
/// That a commit was made: a check on replay, not a source. May reach the disk late.
struct CommitRecord {
  IndexedDigest commit;
};
/// Where a log starts that does not start at the epoch's start: all before is in a snapshot of the state.
struct BaseRecord {
  CommitTail tail;
};
using LogRecord = std::variant<VertexRecord, CommitRecord, BaseRecord>;

/// A record as bytes: length, checksum (BLAKE2b-256, cut to 64 bits), kind, content, padded to whole words.
[[nodiscard]] std::vector<std::byte> encode_record(const LogRecord& record);

/// What a log holds.
struct LogContent {
  std::vector<LogRecord> records;
  std::size_t valid_bytes = 0;  ///< The log's length once a torn tail is cut off.
  bool torn = false;            ///< Whether one was.
};

/// Reads a log as a crash left it. Its vertices were checked when they were accepted: the checksum vouches for them,
/// and signatures are not checked again.
///
/// A bad record with nothing valid after it is a torn tail, the trace of a crash in the middle of a write: what it held
/// was never promised to anyone. It is left out. A bad record with valid ones after it is damage to what was promised.
/// Zeros after the last record are space that was allocated ahead.
/// **Errors**: corrupt_file, naming the offset: the validator must not vote with what is left.
[[nodiscard]] Result<LogContent> read_log(std::span<const std::byte> log, const Committee& committee);

}  // namespace myelin::consensus
