/// The Savina programs in plain CAF 0.17.6, written as its manual teaches: the baseline of `myelin bench agents`.
///
/// The default work-stealing scheduler; event-based actors; no logging. Every function starts an actor system of its
/// own, measures between the first message and the result, and shuts it down outside the measured time. Agents that a
/// program begins with are there before.
/// **Thread-safety**: one call at a time. **Errors**: throws Failed when a program does not end.
#pragma once

#include "bench/savina/work.hpp"

namespace myelin::tool::savina::in_caf {

[[nodiscard]] Finish ping_pong(const Work& work);
[[nodiscard]] Finish counting(const Work& work);
[[nodiscard]] Finish thread_ring(const Work& work);
[[nodiscard]] Finish fork_join_throughput(const Work& work);
[[nodiscard]] Finish fork_join_create(const Work& work);
[[nodiscard]] Finish chameneos(const Work& work);
[[nodiscard]] Finish big(const Work& work);
[[nodiscard]] Finish bounded_buffer(const Work& work);
[[nodiscard]] Finish banking(const Work& work);
[[nodiscard]] Finish uct(const Work& work);
[[nodiscard]] Finish nqueens(const Work& work);
[[nodiscard]] Finish skynet(const Work& work);

}  // namespace myelin::tool::savina::in_caf
