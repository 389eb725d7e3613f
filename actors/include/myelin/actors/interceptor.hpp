/// Somebody between the agents of a mesh, for tests: sees every message before it is queued and before it is handled.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "myelin/actors/agent_ref.hpp"
#include "myelin/actors/reply.hpp"
#include "myelin/base/result.hpp"
#include "myelin/serialization/frame.hpp"

namespace myelin {

/// A message, or a batch of them, or an answer, on its way into one agent's mailbox. Who keeps it delays it, who
/// destroys it loses it: then nobody is told, as on a network, and a question ends by its deadline.
///
/// **Requires**: destroyed before the mesh.
/// **Thread-safety**: thread-compatible.
class Parcel {
 public:
  enum class Kind : std::uint8_t {
    message,   ///< Told or sent.
    question,  ///< Asked.
    answer,    ///< The answer to a question of the receiver.
    failure,   ///< A question of the receiver ended without an answer.
  };

  Parcel(Parcel&& other) noexcept;
  Parcel& operator=(Parcel&& other) noexcept;
  ~Parcel();

  /// False once it was moved from or delivered. Everything below **requires** true.
  [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(to_); }

  [[nodiscard]] Kind kind() const noexcept { return kind_; }
  /// The agent in whose turn it was sent; outside of all turns, the sender in its header. 0 if neither is known.
  [[nodiscard]] AgentId from() const noexcept { return from_; }
  [[nodiscard]] const AgentRef& to() const noexcept { return to_; }
  /// Empty for a failure.
  [[nodiscard]] const Frame& frame() const noexcept { return frame_; }
  /// Why there is no answer. Meaningless but for a failure.
  [[nodiscard]] const Error& error() const noexcept { return error_; }

  /// The same once more.
  [[nodiscard]] Parcel copy() const;

  /// Puts it into the mailbox, or does what that says for one message too many. The interceptor is not asked again.
  void deliver() && noexcept;

 private:
  friend class AgentCell;
  Parcel(Kind kind, AgentRef to, Frame frame, ReplyPort* port) noexcept;

  AgentRef to_;
  AgentId from_ = 0;
  Frame frame_;
  ReplyPort* port_;  // one reference; null but for a question
  CorrelationId question_ = 0;
  Error error_{};
  Kind kind_;
};

/// Given to a mesh by MeshConfig::interceptor. Messages between agents of the mesh, and from outside to them, pass it;
/// the runtime's own signals (start, stop, watchers' notices, timers, cancellations) do not.
///
/// **Requires**: outlives the mesh.
/// **Thread-safety**: called on the threads that send and handle, so on one only where the mesh is deterministic.
/// **Cost**: every message of the mesh takes the long way into its mailbox. Meshes without one pay a predictable
/// branch.
class Interceptor {
 public:
  /// Called on the sender's side. What is left in `parcel` is delivered at once; moved away, it can be delivered later,
  /// or never.
  virtual void deliver(Parcel& parcel) noexcept = 0;

  /// Called in the agent's turn, right before it handles a message, a question or an answer; `frame` may be a batch,
  /// and one that a restarted agent has failed within comes again for the rest of it. If this throws, the agent fails
  /// as if its handler had thrown, at all that was left of the frame.
  virtual void handle(const AgentRef& agent, const Frame& frame, Parcel::Kind kind) = 0;

 protected:
  ~Interceptor() = default;
};

/// The class of an agent of this process, e.g. "Greeter"; empty for others.
[[nodiscard]] std::string_view class_name_of(const AgentRef& agent) noexcept;

/// What messages of a type are called, e.g. "Hello", if `receiver` is an agent of this process whose class has a
/// handler for them; else empty.
[[nodiscard]] std::string message_name_of(const AgentRef& receiver, TypeId type);

}  // namespace myelin
