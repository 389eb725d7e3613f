/// Where the layer that carries messages between processes meets the agents: what stands here for an agent of another
/// process, and how a message from there gets to an agent of this one. Users of agents have no need of it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "myelin/actors/agent_ref.hpp"
#include "myelin/actors/reply.hpp"
#include "myelin/serialization/frame.hpp"

namespace myelin {

class Mesh;

/// What became of a message that was put into an agent's mailbox.
enum class Delivery : std::uint8_t {
  taken,
  taken_but_full,  ///< The sender should pause.
  refused,
};

/// Carries messages to one agent of another process. Every agent and thread of this process that has a handle to it
/// uses the same one.
///
/// **Thread-safety**: its implementations are thread-safe.
class RemoteRoute {
 public:
  virtual ~RemoteRoute() = default;

  /// Takes a message, or where `port` is not null a question: one reference to the port is taken over, and the question
  /// ends once, by the port's answer() or fail(). Returns `refused`, with the frame left where it is, for a message for
  /// which there is no room.
  [[nodiscard]] virtual Delivery deliver(Frame& frame, ReplyPort* port) noexcept = 0;
  /// Nobody waits at `port` for that answer any more. Does nothing if the question has ended.
  virtual void cancel(const ReplyPort* port, CorrelationId question) noexcept = 0;
  /// Asks for release_senders() once there is room. False if there is, or if nothing will ever be sent again.
  [[nodiscard]] virtual bool want_room() noexcept = 0;
};

/// A handle that tells and asks by `route`. To CAF it is an actor that ends with its last handle.
/// **Requires**: as of each handle, that it is destroyed before the mesh. **Thread-safety**: thread-safe.
[[nodiscard]] AgentRef make_remote_ref(Mesh& mesh, std::shared_ptr<RemoteRoute> route);

/// The route of a handle made by make_remote_ref(), valid as long as the handle; null for any other.
/// **Requires**: `ref` is not empty. **Thread-safety**: thread-safe.
[[nodiscard]] RemoteRoute* route_of(const AgentRef& ref) noexcept;

/// Lets everyone go on who waits for room at `receiver`, which is no agent of this process.
/// **Thread-safety**: thread-safe.
void release_senders(Mesh& mesh, const AgentRef& receiver) noexcept;

/// Kept while a message waits in a mailbox, and destroyed on any thread once it was handled, or dropped.
class Charge {
 public:
  virtual ~Charge() = default;
};

/// Puts a message from another process into the mailbox of an agent of this one; `port`, if any, awaits the answer, and
/// one reference to it is taken over. `charge` may be null.
///
/// Returns `refused`, and takes nothing, if the mailbox blocks its senders and is full: try again after
/// call_when_room(). What a mailbox of another kind has no room for ends as that says. A question that waits for itself
/// ends with request_cycle. **Thread-safety**: thread-safe.
[[nodiscard]] Delivery deliver_from_outside(const AgentRef& to, Frame& frame, ReplyPort* port,
                                            std::unique_ptr<Charge>& charge) noexcept;

/// Calls `then` once when the mailbox of an agent of this process is half empty, or the agent ends: on the thread where
/// that is found out, also this one. `then` must not block.
/// **Thread-safety**: thread-safe.
void call_when_room(Mesh& mesh, const AgentRef& agent, std::function<void()> then);

/// Tells an agent of this process that nobody waits at `port` for the answer to that question any more.
/// **Thread-safety**: thread-safe.
void cancel_from_outside(const AgentRef& agent, ReplyPort* port, CorrelationId question) noexcept;

}  // namespace myelin
