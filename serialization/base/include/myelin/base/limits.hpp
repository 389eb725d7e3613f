/// Every bound of the message layer: its name, its default, its unit. Relations between them are checked at compile
/// time.
#pragma once

#include <cstddef>
#include <cstdint>

namespace myelin::limits {

/// Most messages that one batch frame holds. Measured: gains level off at 256 (docs/ARCHITECTURE.md, "Outbox").
inline constexpr std::size_t kBatchItemsMax = 256;

/// Bytes of texts, data and lists in one batch frame, beyond which it is sent before it is full. Well below what a
/// receiver accepts, so that batching never makes a frame too large.
inline constexpr std::size_t kBatchBytesMax = std::size_t{1} << 20;

/// Most destinations with an unsent batch in one agent's outbox; one more flushes them all.
inline constexpr std::size_t kOutboxDestinationsMax = 16;

/// Messages that wait for an agent before its mailbox is full, unless the agent says otherwise.
inline constexpr std::size_t kMailboxCapacity = 16'384;

/// Largest capacity that a mailbox can have; what it holds at most in any case.
inline constexpr std::size_t kMailboxCapacityMax = (std::size_t{1} << 20) - 1;

/// How many times its capacity a mailbox that blocks its senders holds at most: a sender is paused after its handler
/// returns, not within it.
inline constexpr std::size_t kMailboxOverdraft = 16;

/// Most agents that one message is passed on to because mailbox after mailbox is full.
inline constexpr int kRedirectsMax = 4;

/// Longest chain of agents that wait for one another's answers.
inline constexpr std::size_t kCallDepthMax = 32;

/// Largest frame accepted from outside, in bytes, header included.
inline constexpr std::size_t kForeignFrameBytesMax = std::size_t{64} << 20;

/// Most segments accepted in a frame from outside.
inline constexpr std::size_t kForeignSegmentsMax = 512;

/// Words a reader may traverse in a frame from outside, so that overlapping pointers cannot multiply the work.
inline constexpr std::uint64_t kForeignTraversalWordsMax = std::uint64_t{8} << 20;

/// Deepest nesting of structs and lists accepted in a frame from outside.
inline constexpr int kForeignNestingMax = 64;

/// Longest JSON text, in bytes, that becomes a message, or that a message becomes.
inline constexpr std::size_t kJsonBytesMax = std::size_t{4} << 20;

/// Deepest nesting of objects and arrays in JSON.
inline constexpr std::size_t kJsonNestingMax = 64;

/// Messages that an agent handles in one turn before others get the thread.
inline constexpr std::size_t kTurnMessagesMax = 4096;

/// Messages that an agent sends in one turn before it yields, so that a flood stays in the cache: receivers take more
/// in a turn than senders send.
inline constexpr std::size_t kTurnSendsMax = 1024;

/// Longest turn in microseconds before others get the thread; looked at between messages.
inline constexpr std::int64_t kTurnMicrosecondsMax = 200;

static_assert(kBatchItemsMax <= kTurnMessagesMax);
static_assert(kMailboxCapacity >= kTurnMessagesMax, "a turn's work fits the mailbox");
static_assert(kMailboxCapacity * kMailboxOverdraft < kMailboxCapacityMax);
static_assert(kTurnSendsMax < kTurnMessagesMax, "or a flood's backlog grows out of the cache");
static_assert(kForeignTraversalWordsMax * 8 >= kForeignFrameBytesMax, "a legal frame can be read once");

}  // namespace myelin::limits
