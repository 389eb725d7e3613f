/// What the protocol puts out: commits, each a leader and the vertices it brings in, in an order all validators share.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "myelin/base/result.hpp"
#include "myelin/consensus/committee.hpp"
#include "myelin/consensus/types.hpp"
#include "myelin/consensus/vertex.hpp"

namespace myelin::consensus {

/// A leader that was committed, and every vertex in its history that was in none before.
struct Commit {
  CommitIndex index = 0;
  VertexRef leader;
  std::vector<VertexPtr> vertices;  ///< In their order of execution.
  Digest digest;                    ///< Of this commit and, by chaining, of all before.
  WallTime time = 0;                ///< Never less than the commit's before.

  [[nodiscard]] IndexedDigest id() const noexcept { return {index, digest}; }
};

/// A commit without its vertices' contents: enough to go on from.
struct CommitSummary {
  VertexRef leader;
  std::vector<VertexRef> vertices;
  WallTime time = 0;

  friend bool operator==(const CommitSummary&, const CommitSummary&) = default;
};

/// The digest of a commit whose predecessor has digest `previous`.
[[nodiscard]] Digest commit_digest(const Digest& previous, CommitIndex index, const CommitSummary& commit);

/// The last commits, back to where the DAG has been collected: whoever holds this and the vertices above, or fetches
/// them, can go on committing from there. Vouched for by the last digest alone, since each chains the one before.
struct CommitTail {
  Epoch epoch = 0;
  IndexedDigest before;                ///< The commit before the first of `commits`.
  std::vector<CommitSummary> commits;  ///< Empty at an epoch's start.

  [[nodiscard]] CommitIndex last_index() const noexcept { return before.index + commits.size(); }
  /// The last commit's digest, computed along the chain.
  [[nodiscard]] IndexedDigest last() const;
  /// Whether the tail reaches back far enough, and every part is in range. Far enough: to the epoch's start, or its
  /// first commit's leader is in a round that the last one has collected (see limits::kRoundsKept), so that no commit
  /// above that round can be missing.
  /// **Errors**: corrupt_file, naming the part. **Cost**: sorts the vertices' names.
  [[nodiscard]] Result<void> check(const Committee& committee) const;
};

/// A tail as bytes, for whoever is to go on from there.
[[nodiscard]] std::vector<std::byte> encode_tail(const CommitTail& tail);
/// Back again, checked. **Errors**: corrupt_file, naming the part.
[[nodiscard]] Result<CommitTail> decode_tail(std::span<const std::byte> bytes, const Committee& committee);

}  // namespace myelin::consensus
