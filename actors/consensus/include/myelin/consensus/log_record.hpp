/// What a validator writes to its log.
#pragma once

#include <variant>

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
  /// Rounds up to this one were collected when the log was started: vertices behind it may lack their parents there.
  Round collected = 0;
};
using LogRecord = std::variant<VertexRecord, CommitRecord, BaseRecord>;

}  // namespace myelin::consensus
