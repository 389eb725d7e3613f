/// How many messages may wait for an agent, and what happens to one too many.
#pragma once

#include <cstddef>
#include <cstdint>

#include "myelin/actors/agent_ref.hpp"
#include "myelin/base/limits.hpp"

namespace myelin {

/// What becomes of a message that finds its receiver's mailbox full. Messages of the control lane, answers and the
/// runtime's own signals are never refused and do not count.
enum class Overload : std::uint8_t {
  /// The message is taken, and the sender is paused: it handles nothing but control messages until the mailbox is half
  /// empty. A thread outside the mesh waits in Mesh::send(). Where agents would wait for one another in a circle, the
  /// last goes on. At limits::kMailboxOverdraft times the capacity, messages are refused as with `reject`.
  block,
  /// A question fails with Errc::overloaded. A told message goes back to the agent that sent it, in
  /// Agent::on_rejected(), or to the dead letters.
  reject,
  /// The message is dropped: to the dead letters under Errc::overloaded. A question fails.
  drop_newest,
  /// The oldest message of the lowest lane is dropped instead: to the dead letters; a question in it fails.
  drop_oldest,
  /// The message goes to another agent; if that one's mailbox is full, what it says for that case is done.
  redirect,
};

/// A mailbox is full when `capacity` messages wait or more. A batch counts as its messages, and is taken or refused
/// whole, so that the last one taken may go past the capacity.
struct MailboxOptions {
  /// Messages. 1 to limits::kMailboxCapacityMax; other values are taken for the nearest of these.
  std::size_t capacity = limits::kMailboxCapacity;
  Overload when_full = Overload::block;
  /// Where messages go that do not fit. **Requires**: an agent of this process, where when_full is `redirect`.
  AgentRef redirect_to = {};
};

}  // namespace myelin
