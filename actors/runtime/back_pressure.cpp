#include "back_pressure.hpp"

#include <algorithm>
#include <utility>

#include "agent/cell.hpp"
#include "agent/remote_cell.hpp"

namespace myelin {

namespace {

/// Has `receiver` say when it has room. False if it has ended, or has room already and is on another node.
bool ask_for_room(const AgentRef& receiver) noexcept {
  return receiver.is_local() ? receiver.cell()->want_room() : route_of(receiver)->want_room();
}

}  // namespace

bool BackPressure::enroll(AgentCell& sender, const AgentRef& receiver) {
  // Its room may come from an answer of the sender's, before which it takes no messages.
  if (receiver.is_local() && receiver.cell()->state() == AgentState::starting) return false;
  std::vector<AgentRef> dropped;  // destroyed after the lock
  const std::lock_guard guard{mutex_};
  const auto noted = waits_for_.find(sender.ctrl());
  if (noted == waits_for_.end() || noted->second != receiver.control()) {  // else woken by control, and waits on
    forget(sender, dropped);
    for (auto next = waits_for_.find(receiver.control()); next != waits_for_.end();
         next = waits_for_.find(next->second)) {
      if (next->second == sender.ctrl()) return false;
    }
    waits_for_.emplace(sender.ctrl(), receiver.control());
    Waiters& waiters = waiting_[receiver.control()];
    waiters.receiver = receiver;
    waiters.agents.push_back(sender.ref());
  }
  sender.pause_state.store(PauseState::paused, std::memory_order_seq_cst);
  return true;
}

void BackPressure::withdraw(AgentCell& sender) noexcept {
  std::vector<AgentRef> dropped;
  const std::lock_guard guard{mutex_};
  forget(sender, dropped);
}

/// **Requires**: mutex_ is held. What must be destroyed without it goes into `dropped`.
void BackPressure::forget(AgentCell& sender, std::vector<AgentRef>& dropped) noexcept {
  const auto found = waits_for_.find(sender.ctrl());
  if (found == waits_for_.end()) return;
  const auto row = waiting_.find(found->second);
  waits_for_.erase(found);
  if (row == waiting_.end()) return;
  std::vector<AgentRef>& agents = row->second.agents;
  const auto place = std::ranges::find(agents, &sender, &AgentRef::cell);
  if (place != agents.end()) {
    std::swap(*place, agents.back());
    dropped.push_back(std::move(agents.back()));
    agents.pop_back();
  }
  if (agents.empty() && row->second.threads.empty() && row->second.calls.empty()) {
    dropped.push_back(std::move(row->second.receiver));
    waiting_.erase(row);
  }
}

void BackPressure::release(const caf::actor_control_block* receiver) noexcept {
  Waiters waiters;
  {
    const std::lock_guard guard{mutex_};
    const auto found = waiting_.find(receiver);
    if (found == waiting_.end()) return;
    waiters = std::move(found->second);
    waiting_.erase(found);
    for (const AgentRef& agent : waiters.agents) waits_for_.erase(agent.control());
  }
  wake(waiters);
}

void BackPressure::release_all() noexcept {
  std::unordered_map<const caf::actor_control_block*, Waiters> all;
  {
    const std::lock_guard guard{mutex_};
    all.swap(waiting_);
    waits_for_.clear();
  }
  for (auto& [receiver, waiters] : all) wake(waiters);
}

void BackPressure::wake(Waiters& waiters) noexcept {
  for (const AgentRef& agent : waiters.agents) agent.cell()->end_pause(PauseState::released);
  for (std::binary_semaphore* thread : waiters.threads) thread->release();
  for (const std::function<void()>& call : waiters.calls) call();
}

void BackPressure::wait(const AgentRef& receiver) {
  std::binary_semaphore released{0};
  {
    const std::lock_guard guard{mutex_};
    Waiters& waiters = waiting_[receiver.control()];
    waiters.receiver = receiver;
    waiters.threads.push_back(&released);
  }
  if (!ask_for_room(receiver)) release(receiver.control());
  released.acquire();
}

void BackPressure::call_when_released(const AgentRef& receiver, std::function<void()> then) {
  {
    const std::lock_guard guard{mutex_};
    Waiters& waiters = waiting_[receiver.control()];
    waiters.receiver = receiver;
    waiters.calls.push_back(std::move(then));
  }
  if (!receiver.cell()->want_room()) release(receiver.control());  // it has ended
}

}  // namespace myelin
