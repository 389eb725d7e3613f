#include "myelin/actors/batch_policy.hpp"

#include <algorithm>

namespace myelin {

std::string_view to_string(DispatchReason reason) noexcept {
  switch (reason) {
    case DispatchReason::full: return "full";
    case DispatchReason::idle: return "idle";
    case DispatchReason::delay: return "delay";
    case DispatchReason::deadline: return "deadline";
  }
  return "unknown";
}

BatchDecision decide(const BatchPolicy& policy, const BatchState& state, TimePoint now) noexcept {
  if (state.waiting == 0 || state.kernel_busy) return {};  // the call's end is the next event
  if (state.waiting >= policy.max_batch) return {.run = policy.max_batch, .reason = DispatchReason::full};
  if (state.waiting == 1 || state.waiting >= policy.preferred_batch) {
    return {.run = state.waiting, .reason = DispatchReason::idle};
  }
  const TimePoint delay_ends = time_after(state.oldest_arrival, policy.max_delay);
  if (now >= delay_ends) return {.run = state.waiting, .reason = DispatchReason::delay};
  const TimePoint latest_start =
      state.earliest_deadline == kNever ? kNever : state.earliest_deadline - state.expected_run;
  if (now >= latest_start) return {.run = state.waiting, .reason = DispatchReason::deadline};
  return {.look_again = std::min(delay_ends, latest_start)};
}

}  // namespace myelin
