/// Every bound of the connections between nodes: its name, its default, its unit. Relations between them are checked at
/// compile time.
#pragma once

#include <cstddef>
#include <cstdint>

#include "myelin/base/limits.hpp"

namespace myelin::network::limits {

/// Frames longer than this, in bytes, go in parts, between which others pass.
inline constexpr std::size_t kPartBytes = std::size_t{64} << 10;

/// Longest record, in bytes, without its header: a frame that goes in one piece.
inline constexpr std::size_t kRecordBytesMax = kPartBytes;

/// What is read at once from a connection, in bytes.
inline constexpr std::size_t kSlabBytes = 2 * kRecordBytesMax;

/// Longest record before the other side has said who it is.
inline constexpr std::size_t kGreetingBytesMax = 4096;

/// Written at once, in bytes and in records; between two such bursts control goes first. Measured: with 256 KiB a
/// control message waited four times as long behind frames of 1 MiB, and they went no faster. With its heads a burst of
/// parts is at most what Linux makes one packet of, 65,483 bytes over loopback: the few bytes of 64 KiB that did not
/// fit went as a packet of their own, and took a quarter off the rate.
inline constexpr std::size_t kBurstBytes = 60'000;
inline constexpr std::size_t kBurstRecordsMax = 256;

/// A part is no shorter, in bytes, but for a frame's last: what is left of a burst may be less than is worth a head.
inline constexpr std::size_t kPartBytesMin = std::size_t{4} << 10;

/// What one agent may have been sent from one node and not have handled, in bytes; beyond that the other node waits.
inline constexpr std::size_t kRouteWindowBytes = std::size_t{8} << 20;
/// The same for all agents of a node together.
inline constexpr std::size_t kNodeWindowBytes = std::size_t{64} << 20;

/// Bytes that wait to be sent to one agent before its senders are paused.
inline constexpr std::size_t kRouteQueueBytes = std::size_t{1} << 20;
/// Bytes that wait to be sent to one agent, and to one node, before more is refused.
inline constexpr std::size_t kRouteQueueBytesMax = std::size_t{64} << 20;
inline constexpr std::size_t kNodeQueueBytesMax = std::size_t{128} << 20;

/// Frames of so many bytes and more count as not handled while they wait in a mailbox. Of smaller ones a mailbox bounds
/// the number.
inline constexpr std::size_t kChargedBytesMin = 2048;

/// Questions between two nodes that have not been answered, each way.
inline constexpr std::size_t kOpenQuestionsMax = 65'536;
/// Answers that wait to be sent to one node: no more than it may have asked, however small they are. More are refused.
inline constexpr std::size_t kAnswersWaitingMax = kOpenQuestionsMax;
/// Records without a frame (credit, failures, cancellations) that wait to be sent to one node. A node that leaves more
/// unread is cut off: it asks, and does not read the answers.
inline constexpr std::size_t kRecordsWaitingMax = 4 * kOpenQuestionsMax;
/// Agents of one node that another has sent to over one connection.
inline constexpr std::size_t kRoutesMax = 16'384;
/// Nodes that one node knows.
inline constexpr std::size_t kPeersMax = 1'024;
/// People with tools who are connected at once; see Role.
inline constexpr std::size_t kVisitorsMax = 256;
/// Connections that have not said who they are; for one more one of them is closed.
inline constexpr std::size_t kStrangersMax = 256;
/// Longest name of a node, a cluster or a published agent, in bytes.
inline constexpr std::size_t kNameBytesMax = 128;
/// Longest text of an error that is sent, in bytes; the rest is cut off.
inline constexpr std::size_t kErrorBytesMax = 1024;

static_assert(kPartBytes <= kRecordBytesMax);
static_assert(kBurstBytes + kPartBytesMin <= kPartBytes, "a part fits its record");
static_assert(kGreetingBytesMax <= kRecordBytesMax);
static_assert(kErrorBytesMax + 16 <= kGreetingBytesMax);
static_assert(kRouteWindowBytes <= kNodeWindowBytes);
static_assert(kRouteQueueBytesMax >= ::myelin::limits::kForeignFrameBytesMax, "the largest frame can be sent");

}  // namespace myelin::network::limits
