/// Questions that know whom they are for and how their answers are read: what a library offers whose service is an
/// agent. `co_await ask(memory.get("colour"), 2s)` rather than a message built by hand.
#pragma once

#include <concepts>
#include <utility>

#include "myelin/actors/agent_ref.hpp"
#include "myelin/actors/awaitable.hpp"
#include "myelin/base/result.hpp"
#include "myelin/serialization/batch.hpp"
#include "myelin/serialization/frame.hpp"

namespace myelin {

/// `Answer`: the message that the receiver answers with; `Value`: what is read from it.
template <class C>
concept Call = requires(const C& call, Result<Held<typename C::Answer>> answer) {
  typename C::Value;
  { call.receiver() } -> std::convertible_to<AgentRef>;
  { call.question() } -> std::convertible_to<Frame>;
  { call.read(std::move(answer)) } -> std::same_as<Result<typename C::Value>>;
};

/// The answer to a call that was put. Dropped before it came, the question is given up. **Thread-safety**:
/// actor-confined.
template <Call C>
class [[nodiscard]] PendingCall : public detail::Awaitable<PendingCall<C>> {
 public:
  using Value = Result<typename C::Value>;
  PendingCall(PendingAnswer<typename C::Answer> answer, C call) : answer_{std::move(answer)}, call_{std::move(call)} {}

  // What co_await, all() and any() use.
  [[nodiscard]] bool ready() const noexcept { return answer_.ready(); }
  [[nodiscard]] bool failed() const noexcept { return answer_.failed(); }
  void begin(detail::Waker& waker) noexcept { answer_.begin(waker); }
  [[nodiscard]] Value take() { return call_.read(answer_.take()); }
  void cancel() noexcept { answer_.cancel(); }

 private:
  PendingAnswer<typename C::Answer> answer_;
  C call_;
};

}  // namespace myelin
