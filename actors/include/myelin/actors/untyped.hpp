/// For tools that meet agents and messages whose types they were not compiled with: an operator's question, a console.
/// Agents themselves have no need of it.
#pragma once

#include <functional>

#include "myelin/actors/agent.hpp"

namespace myelin {

/// What the runtime knows of an agent's class; null for what is no agent of this process. Valid as long as the process.
/// **Thread-safety**: thread-safe.
[[nodiscard]] const AgentClass* class_of(const AgentRef& agent) noexcept;

/// Messages that wait in an agent's mailbox, now; 0 for what is no agent of this process.
/// **Thread-safety**: thread-safe.
[[nodiscard]] std::size_t waiting_at(const AgentRef& agent) noexcept;

/// Agent::ask() with a ready frame, whatever the answer is: `then` is called in a later turn of `asker` with the frame,
/// or what went wrong. Whether the frame is of the type that was hoped for, and what is in one from another process, is
/// for the caller to check (Frame::type(), check_schema()). **Requires**: called by `asker` itself.
CorrelationId ask_untyped(Agent& asker, const AgentRef& to, const Frame& question, Duration timeout,
                          std::function<void(Result<Frame>)> then);

}  // namespace myelin
