/// Senders that wait until a full mailbox has room again.
#pragma once

#include <functional>
#include <mutex>
#include <semaphore>
#include <unordered_map>
#include <vector>

#include "myelin/actors/agent_ref.hpp"

namespace myelin {

class AgentCell;

/// Who waits for whom. Only those who met a full mailbox come here, so one lock for the whole mesh does.
///
/// A paused agent's cell is in no queue of the scheduler; `AgentCell::pause_state` says who may put it back: whoever
/// changes it from `paused` (the receiver that has room, or the sender of a control message) does, and nobody else.
///
/// **Thread-safety**: thread-safe.
class BackPressure {
 public:
  /// Marks `sender` as paused and notes whom it waits for. False, and it is not paused, if `receiver` itself waits
  /// for `sender`, through however many others: somebody in such a circle must go on.
  /// **Requires**: called in the sender's turn, which ends after.
  bool enroll(AgentCell& sender, const AgentRef& receiver);
  /// Forgets what enroll() noted. Does nothing if it noted nothing.
  void withdraw(AgentCell& sender) noexcept;

  /// Lets everyone go on who waits for `receiver`.
  void release(const caf::actor_control_block* receiver) noexcept;
  void release_all() noexcept;

  /// Blocks this thread until release(). **Requires**: it runs no agent.
  void wait(const AgentRef& receiver);
  /// Calls `then` once, on the thread that releases. **Requires**: `receiver` is an agent of this process.
  void call_when_released(const AgentRef& receiver, std::function<void()> then);

 private:
  struct Waiters {
    AgentRef receiver;  // kept, for its address is the key
    std::vector<AgentRef> agents;
    std::vector<std::binary_semaphore*> threads;
    std::vector<std::function<void()>> calls;
  };
  static void wake(Waiters& waiters) noexcept;
  void forget(AgentCell& sender, std::vector<AgentRef>& dropped) noexcept;

  std::mutex mutex_;
  // Actors by their control blocks, for a receiver may be on another node.
  std::unordered_map<const caf::actor_control_block*, Waiters> waiting_;  // by receiver
  std::unordered_map<const caf::actor_control_block*, const caf::actor_control_block*>
      waits_for_;  // sender to receiver
};

}  // namespace myelin
