/// Inbox entries other than a frame that has one owner: that one queues by the link in its own block.
#pragma once

#include <functional>
#include <memory>
#include <new>

#include <caf/mailbox_element.hpp>

#include "inbox.hpp"
#include "myelin/actors/agent_ref.hpp"
#include "myelin/actors/continuation.hpp"
#include "myelin/actors/remote.hpp"
#include "myelin/actors/reply.hpp"

namespace myelin {

class Agent;

struct SharedEntry : QueueLink, Pooled {
  Frame frame;
  std::uint32_t first = 0;  ///< Message of the frame to begin with.
  CorrelationId correlation = 0;
  std::unique_ptr<Charge> charge;  ///< Of a message from another process; or null.
};
static_assert(sizeof(SharedEntry) <= BlockPool::kSizes[0]);
struct FailureEntry : QueueLink, Pooled {
  CorrelationId question = 0;
  Error error;
};
struct CafEntry : QueueLink, Pooled {
  caf::mailbox_element_ptr element;
};
struct JobEntry : QueueLink, Pooled {
  std::unique_ptr<Job> job;
  Frame cause;                    ///< The question in whose handling the job was started, if any.
  bool awaited = false;           ///< Counts among the jobs that the agent has not got back.
  std::uint32_t incarnation = 0;  ///< Of the agent that started it.
};
struct RejectedEntry : QueueLink, Pooled {
  AgentRef receiver;
  Frame frame;
};
/// Holds a reference to the port.
struct CancelEntry : QueueLink, Pooled {
  CancelEntry(ReplyPort* asker, CorrelationId number) noexcept : port{asker}, question{number} { port->retain(); }
  CancelEntry(const CancelEntry&) = delete;
  CancelEntry& operator=(const CancelEntry&) = delete;
  ~CancelEntry() { port->release(); }
  ReplyPort* const port;
  const CorrelationId question;
};
struct OrderEntry : QueueLink, Pooled {
  std::uint32_t epoch = 0;
  bool restart = false;  ///< Otherwise: rest.
  unsigned attempt = 0;
  std::function<std::unique_ptr<Agent>()> make;  ///< Null for the same as before.
};
struct ReportEntry : QueueLink, Pooled {
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
struct SignalEntry : QueueLink, Pooled {};  // start, stop, room_wanted

}  // namespace myelin
