#include "back_pressure.hpp"

#include <algorithm>
#include <utility>

#include "agent/cell.hpp"

namespace myelin {

bool BackPressure::enroll(AgentCell& sender, const AgentRef& receiver) {
  // Its room may come from an answer of the sender's, before which it takes no messages.
  if (receiver.cell()->state() == AgentState::starting) return false;
  std::vector<AgentRef> dropped;  // destroyed after the lock
  const std::lock_guard guard{mutex_};
  const auto noted = waits_for_.find(&sender);
  if (noted == waits_for_.end() || noted->second != receiver.cell()) {  // else woken by a control message it waits on
    forget(sender, dropped);
    for (auto next = waits_for_.find(receiver.cell()); next != waits_for_.end(); next = waits_for_.find(next->second)) {
      if (next->second == &sender) return false;
    }
    waits_for_.emplace(&sender, receiver.cell());
    Waiters& waiters = waiting_[receiver.cell()];
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
  const auto found = waits_for_.find(&sender);
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
  if (agents.empty() && row->second.threads.empty()) {
    dropped.push_back(std::move(row->second.receiver));
    waiting_.erase(row);
  }
}

void BackPressure::release(AgentCell& receiver) noexcept {
  Waiters waiters;
  {
    const std::lock_guard guard{mutex_};
    const auto found = waiting_.find(&receiver);
    if (found == waiting_.end()) return;
    waiters = std::move(found->second);
    waiting_.erase(found);
    for (const AgentRef& agent : waiters.agents) waits_for_.erase(agent.cell());
  }
  wake(waiters);
}

void BackPressure::release_all() noexcept {
  std::unordered_map<AgentCell*, Waiters> all;
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
}

void BackPressure::wait(const AgentRef& receiver) {
  std::binary_semaphore released{0};
  {
    const std::lock_guard guard{mutex_};
    Waiters& waiters = waiting_[receiver.cell()];
    waiters.receiver = receiver;
    waiters.threads.push_back(&released);
  }
  if (!receiver.cell()->want_room()) release(*receiver.cell());  // it has ended
  released.acquire();
}

}  // namespace myelin
