/// When a kernel actor runs what waits: the decisions alone, without actors, clocks or threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "myelin/base/time.hpp"

namespace myelin {

/// How requests are gathered. May be changed while the actor runs.
struct BatchPolicy {
  /// Most requests in one kernel call. 1 turns batching off.
  std::size_t max_batch = 64;
  /// While the kernel is idle, fewer requests than this wait for more, until max_delay. 1: an idle kernel takes what
  /// there is at once. A single request never waits for an idle kernel, whatever this says.
  std::size_t preferred_batch = 1;
  /// Longest wait for a preferred batch.
  Duration max_delay = std::chrono::microseconds{500};
  /// Most requests that wait; one more is refused with Errc::overloaded.
  std::size_t max_waiting = 65'536;
  /// A call expected to take no longer than this runs in the actor's own turn. Longer ones run on a job thread, so that
  /// other agents keep their workers.
  Duration inline_below = std::chrono::microseconds{100};
};

/// Why a batch was run when it was.
enum class DispatchReason : std::uint8_t {
  full,      ///< max_batch requests waited.
  idle,      ///< The kernel was idle and enough waited.
  delay,     ///< The oldest had waited for max_delay.
  deadline,  ///< One would have expired.
};
inline constexpr std::size_t kDispatchReasons = 4;
/// "full", "idle", "delay" or "deadline".
[[nodiscard]] std::string_view to_string(DispatchReason reason) noexcept;

/// What is known when a decision is due.
struct BatchState {
  std::size_t waiting = 0;
  TimePoint oldest_arrival{};            ///< Of those that wait. Read only if waiting > 0.
  TimePoint earliest_deadline = kNever;  ///< Of those that wait.
  bool kernel_busy = false;
  Duration expected_run{0};  ///< How long the call would take.
};

struct BatchDecision {
  std::size_t run = 0;  ///< Requests to run now, oldest first; 0 is none.
  DispatchReason reason = DispatchReason::idle;
  TimePoint look_again = kNever;  ///< Without new events, decide again at this time.
};

/// What to do now. Pure. **Requires**: policy.max_batch >= 1. **Source**: the dynamic batcher of NVIDIA Triton, made
/// work-conserving.
[[nodiscard]] BatchDecision decide(const BatchPolicy& policy, const BatchState& state, TimePoint now) noexcept;

}  // namespace myelin
