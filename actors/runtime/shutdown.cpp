/// How a mesh comes to its end.
#include <algorithm>
#include <array>
#include <cstdio>
#include <thread>

#include <fmt/format.h>
#include <caf/scheduler/test_coordinator.hpp>

#include "agent/cell.hpp"
#include "agent/lifecycle.hpp"
#include "coordinator.hpp"
#include "mesh_state.hpp"
#include "myelin/actors/mesh.hpp"
#include "myelin/actors/shutdown.hpp"

namespace myelin {

namespace {

/// Between two looks at whether all agents rest. Nobody looks unless a mesh is being shut down.
/// Turns that agents without threads may take to come to rest.
constexpr std::size_t kDrainStepsMax = 10'000'000;
constexpr auto kBetweenLooks = std::chrono::milliseconds{1};

/// Of what is stuck, so many are named.
constexpr std::size_t kNamedMax = 10;

Coordinator& coordinator_of(MeshState& mesh) { return static_cast<Coordinator&>(mesh.system->scheduler()); }

bool run_one(MeshState& mesh) {
  return static_cast<caf::scheduler::test_coordinator&>(mesh.system->scheduler()).try_run_once();
}

std::vector<AgentRef> agents_of(MeshState& mesh) {
  std::vector<AgentRef> agents;
  mesh.registry.for_each([&](AgentCell& cell) { agents.push_back(cell.ref()); });
  return agents;
}

/// Whether no agent has anything to do, and none can get it from another.
bool all_rest(MeshState& mesh) {
  Coordinator* coordinator = mesh.config.deterministic ? nullptr : &coordinator_of(mesh);
  const std::optional<std::uint64_t> turns = coordinator == nullptr ? 0 : coordinator->turns_if_idle();
  if (!turns) return false;
  bool rest = true;
  mesh.registry.for_each([&](AgentCell& cell) { rest = rest && cell.rests(); });
  // Nothing ran while we looked, or we may have seen some agents before it and some after.
  return rest && (coordinator == nullptr || coordinator->turns_if_idle() == turns);
}

bool wait_until_all_rest(MeshState& mesh, TimePoint deadline) {
  mesh.draining.store(true, std::memory_order_seq_cst);
  // Each agent is woken once, to say what it waits for; from then on it says so after every turn.
  mesh.registry.for_each([](AgentCell& cell) { cell.signal(EntryKind::probe); });
  if (mesh.config.deterministic) {
    // Agents that keep each other busy would go on for ever.
    for (std::size_t steps = 0; steps < kDrainStepsMax && run_one(mesh); ++steps) {
    }
    return all_rest(mesh);
  }
  while (!all_rest(mesh)) {
    if (Clock::now() >= deadline) return false;
    std::this_thread::sleep_for(kBetweenLooks);
  }
  return true;
}

/// Has `reached` come true, by running agents or by waiting for them?
template <class Reached>
bool await_state(MeshState& mesh, TimePoint deadline, Reached&& reached) {
  if (!mesh.config.deterministic) return mesh.state_watch.wait(deadline, reached);
  while (!reached() && run_one(mesh)) {
  }
  return reached();
}

std::array<std::uint64_t, 128> counts_of(const DeadLetters& letters) {
  std::array<std::uint64_t, 128> counts{};
  for (std::size_t cause = 0; cause < counts.size(); ++cause) counts[cause] = letters.count(static_cast<Errc>(cause));
  return counts;
}

}  // namespace

Mesh::~Mesh() {
  const TimePoint deadline = time_after(Clock::now(), state_->config.stop_limit);
  if (!state_->stopping.load(std::memory_order_acquire)) {
    stop(state_->config.stop_limit);
  } else if (!state_->config.deterministic) {
    state_->registry.wait_until_empty(deadline);
  }
  const bool jobs_ended = state_->jobs->stop(deadline);
  if (state_->config.deterministic || (jobs_ended && state_->registry.size() == 0)) {
    state_->dead_letters.end_subscriptions();
    state_->system.reset();
    return;
  }
  std::string who;
  std::size_t agents = 0;
  state_->registry.for_each([&](AgentCell& cell) {
    if (++agents <= kNamedMax) who += fmt::format(", {} {}", cell.agent_class().name, cell.id());
  });
  if (!jobs_ended) who += ", an offloaded job";
  fmt::print(stderr,
             "myelin: a mesh was given up with {} agents that did not stop within {} ms{}: their threads and what they "
             "use are left behind\n",
             agents, std::chrono::duration_cast<std::chrono::milliseconds>(state_->config.stop_limit).count(), who);
  // On purpose: a thread that never returns may use any of it. Kept reachable, for those who look for leaks.
  static std::atomic<MeshState*> given_up{nullptr};
  MeshState* mesh = state_.release();
  mesh->given_up_before = given_up.exchange(mesh);
}

std::size_t Mesh::stop(Duration limit) {
  state_->closed.store(true, std::memory_order_seq_cst);
  state_->stopping.store(true, std::memory_order_seq_cst);
  state_->registry.for_each([](AgentCell& cell) { cell.tell_to_stop(); });
  if (state_->config.deterministic) {
    while (run_one(*state_)) {
    }
  } else {
    state_->registry.wait_until_empty(time_after(Clock::now(), limit));
    state_->back_pressure.release_all();  // threads that wait for an agent that is stuck
  }
  return state_->registry.size();
}

ShutdownReport Mesh::shutdown(const ShutdownOptions& options) {
  MeshState& mesh = *state_;
  const auto before = counts_of(mesh.dead_letters);
  mesh.refusing.store(true, std::memory_order_seq_cst);
  const std::size_t running = mesh.registry.size();
  ShutdownReport report;
  report.drained = wait_until_all_rest(mesh, time_after(Clock::now(), options.drain));

  // Those that nobody supervises, the last started first; they stop their children.
  mesh.closed.store(true, std::memory_order_seq_cst);
  const TimePoint told = Clock::now();
  const TimePoint deadline = time_after(told, options.stop);
  std::vector<AgentRef> agents = agents_of(mesh);
  std::ranges::sort(agents, std::greater<>{}, &AgentRef::id);
  for (const AgentRef& agent : agents) {
    if (!agent.cell()->is_supervised()) agent.cell()->tell_to_stop();
  }
  if (mesh.config.deterministic) {
    while (run_one(mesh)) {
    }
  } else {
    mesh.registry.wait_until_empty(told + options.stop / 2);
  }
  // Whoever is left is told himself; nobody waits for his children any longer.
  stop(std::max(Duration{0}, Duration{deadline - Clock::now()}));

  const Duration waited = Clock::now() - told;
  for (const AgentRef& agent : agents_of(mesh)) {
    const bool in_handler = !mesh.config.deterministic && coordinator_of(mesh).runs(agent.cell());
    report.stuck.push_back({agent.id(), agent.cell()->agent_class().name, in_handler, waited});
  }
  report.stopped = std::max(running, agents.size()) - std::min(agents.size(), report.stuck.size());
  const auto after = counts_of(mesh.dead_letters);
  for (std::size_t cause = 0; cause < after.size(); ++cause) {
    if (after[cause] != before[cause]) {
      report.dropped.push_back({static_cast<Errc>(cause), after[cause] - before[cause]});
    }
  }
  return report;
}

AgentState Mesh::state_of(const AgentRef& agent) const noexcept {
  return agent.cell() == nullptr ? AgentState::stopped : agent.cell()->state();
}

Result<void> Mesh::wait_ready(const AgentRef& agent, Duration timeout) {
  if (agent.cell() == nullptr) return fail(Errc::invalid_argument, "only agents of this process can be waited for");
  const AgentCell& cell = *agent.cell();
  const auto settled = [&] { return cell.state() == AgentState::ready || cell.state() >= AgentState::draining; };
  if (!await_state(*state_, time_after(Clock::now(), timeout), settled)) {
    return fail(Errc::timeout, fmt::format("{} {} was not ready in time", cell.agent_class().name, cell.id()));
  }
  if (has_ended(cell.state())) {
    return fail(Errc::receiver_dead, fmt::format("{} {} has ended", cell.agent_class().name, cell.id()));
  }
  return {};
}

Result<void> Mesh::drain_agent(const AgentRef& agent, Duration limit) {
  if (agent.cell() == nullptr) return fail(Errc::invalid_argument, "only agents of this process can be drained");
  AgentCell& cell = *agent.cell();
  cell.signal(EntryKind::drain);
  const auto ended = [&] { return has_ended(cell.state()); };
  if (await_state(*state_, time_after(Clock::now(), limit), ended)) return {};
  cell.tell_to_stop();
  return fail(Errc::timeout, fmt::format("{} {} had not done its work in time: it is stopped all the same",
                                         cell.agent_class().name, cell.id()));
}

}  // namespace myelin
