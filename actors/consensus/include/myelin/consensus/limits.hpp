/// Every bound of the consensus core: its name, its default, its unit.
#pragma once

#include <cstddef>
#include <cstdint>

#include "myelin/consensus/types.hpp"

namespace myelin::consensus::limits {

/// Most validators of a committee: one bit each in an AuthorMask.
inline constexpr std::size_t kValidatorsMax = 64;

/// Rounds below the last committed leader that are kept; what lies deeper is collected. A function of the commit
/// sequence alone, so that all validators collect alike.
inline constexpr Round kRoundsKept = 60;

/// Rounds below the collected ones that are kept for others to fetch: how far one may fall behind, or be behind with
/// its snapshot, and still go on by fetching alone.
inline constexpr Round kRoundsServed = 60;

/// A vertex in whose history one is missing of a round less than so far below is named as a parent only where a quorum
/// cannot be had without. It could be accepted because that round is collected here already; others, for whom it is not
/// yet, would wait for the missing one, which its author may never show. Whoever is so far behind that this does not
/// save him goes on from a snapshot.
inline constexpr Round kGapMatters = kRoundsKept + kRoundsServed;

/// Commits and states are voted on at multiples of this index only (and at an epoch's last commit), so that the votes
/// of validators who are not quite level still match.
inline constexpr CommitIndex kVoteInterval = 64;

/// Vertices further ahead of our own round than this are dropped; we then ask for the rounds between.
inline constexpr Round kRoundsAheadMax = 64;

/// Largest round that a vertex may name: reached at a million rounds a second in 9 years.
inline constexpr Round kRoundMax = Round{1} << 48;

/// Largest header in bytes: 64 parents of 48 bytes and the fields, with room for the encoding's slack.
inline constexpr std::size_t kHeaderBytesMax = 64 * 48 + 1024;

/// Largest payload of a vertex in bytes.
inline constexpr std::size_t kPayloadBytesMax = std::size_t{4} << 20;

/// Most batches in a payload.
inline constexpr std::size_t kPayloadBatchesMax = 4096;

/// Vertices that wait for parents because of one author: because it signed them, or because something that it signed
/// stands on them. Beyond what an author may be ahead, in a large committee, whoever is behind asks for rounds instead.
inline constexpr std::size_t kSuspendedPerAuthorMax = 4096;

/// Their bytes.
inline constexpr std::size_t kSuspendedBytesPerAuthorMax = std::size_t{128} << 20;

/// Vertices that are missing and asked for because of one author.
inline constexpr std::size_t kMissingPerAuthorMax = 2 * kSuspendedPerAuthorMax;

/// Vertices in one request for missing ones, and in its answer.
inline constexpr std::size_t kFetchMax = 256;

/// Bytes of vertices in one answer to a request, beyond which no more are added.
inline constexpr std::size_t kFetchReplyBytesMax = std::size_t{8} << 20;

/// Requests to one peer whose answers are still awaited; more are not counted.
inline constexpr unsigned kRequestsOpenMax = 64;

/// The latest votes of each validator that are remembered, to tell whether a snapshot is what they voted for.
inline constexpr std::size_t kVotesRemembered = 256;

/// Rounds' worth of commits that were made and not executed, above which own vertices carry no payload: who cannot keep
/// up asks for no more, and what it has asked for does not wait long.
inline constexpr Round kRoundsUnexecutedMax = 32;

/// Content of one log record in bytes: a vertex, or a tail of commits. That names at most the vertices of 120 rounds,
/// of which a third have a twin: 120 * 64 * 4 / 3 of 48 bytes, in 61 * 64 commits of 64 bytes, are below a megabyte.
inline constexpr std::size_t kLogRecordBytesMax = kPayloadBytesMax + (std::size_t{1} << 20);

/// Own batches that wait for a vertex.
inline constexpr std::size_t kPendingBatchesMax = 65'536;
inline constexpr std::size_t kPendingBytesMax = std::size_t{64} << 20;

static_assert(kSuspendedPerAuthorMax >= 2 * (kRoundsAheadMax + kRoundsKept), "two versions of all rounds within reach");
static_assert(kHeaderBytesMax >= kValidatorsMax * 48);
static_assert(kRoundsAheadMax >= kRoundsKept, "or one that is just within reach could not catch up");

}  // namespace myelin::consensus::limits
