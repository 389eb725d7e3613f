/// Inbox entries other than a frame that has one owner: that one queues by the link in its own block.
#pragma once

#include <functional>
#include <memory>
#include <new>

#include <caf/mailbox_element.hpp>

#include "inbox.hpp"
#include "myelin/actors/agent_ref.hpp"
#include "myelin/actors/continuation.hpp"
#include "myelin/actors/reply.hpp"

namespace myelin {

class Agent;

/// Entries come from the block pool: one is made and freed for every message that is not a frame of one owner.
template <class Derived>
struct PooledEntry : QueueLink {
  static void* operator new(std::size_t bytes) { return BlockPool::allocate_class(BlockPool::class_of(bytes)); }
  static void operator delete(void* memory, std::size_t bytes) noexcept {
    BlockPool::free(memory, BlockPool::class_of(bytes));
  }
};

struct SharedEntry : PooledEntry<SharedEntry> {
  Frame frame;
  std::uint32_t first = 0;  ///< Message of the frame to begin with.
  CorrelationId correlation = 0;
};
struct FailureEntry : PooledEntry<FailureEntry> {
  CorrelationId question = 0;
  Error error;
};
struct CafEntry : PooledEntry<CafEntry> {
  caf::mailbox_element_ptr element;
};
struct JobEntry : PooledEntry<JobEntry> {
  std::unique_ptr<Job> job;
  Frame cause;                    ///< The question in whose handling the job was started, if any.
  bool awaited = false;           ///< Counts among the jobs that the agent has not got back.
  std::uint32_t incarnation = 0;  ///< Of the agent that started it.
};
struct RejectedEntry : PooledEntry<RejectedEntry> {
  AgentRef receiver;
  Frame frame;
};
/// Holds a reference to the port.
struct CancelEntry : PooledEntry<CancelEntry> {
  CancelEntry(ReplyPort* asker, CorrelationId number) noexcept : port{asker}, question{number} { port->retain(); }
  CancelEntry(const CancelEntry&) = delete;
  CancelEntry& operator=(const CancelEntry&) = delete;
  ~CancelEntry() { port->release(); }
  ReplyPort* const port;
  const CorrelationId question;
};
struct OrderEntry : PooledEntry<OrderEntry> {
  std::uint32_t epoch = 0;
  bool restart = false;  ///< Otherwise: rest.
  unsigned attempt = 0;
  std::function<std::unique_ptr<Agent>()> make;  ///< Null for the same as before.
};
struct ReportEntry : PooledEntry<ReportEntry> {
  enum class What : std::uint8_t {
    failed,   ///< Rests, and was not told to: it failed, or stopped although it is to run always.
    resting,  ///< As it was told to.
    ended,    ///< For good.
  };
  AgentRef child;
  std::uint32_t epoch = 0;
  What what = What::ended;
  Error error;
};
struct SignalEntry : PooledEntry<SignalEntry> {};  // start, stop, room_wanted

}  // namespace myelin
