#include "myelin/actors/deterministic_mesh.hpp"

#include <stdexcept>

#include <caf/scheduler/test_coordinator.hpp>
#include <caf/scoped_execution_unit.hpp>

#include "agent/cell.hpp"
#include "mesh_state.hpp"

namespace myelin {

namespace {

caf::scheduler::test_coordinator& scheduler_of(const Mesh& mesh) {
  return static_cast<caf::scheduler::test_coordinator&>(const_cast<Mesh&>(mesh).state().system->scheduler());
}

}  // namespace

DeterministicMesh::DeterministicMesh(Interceptor* interceptor)
    : mesh_{MeshConfig{.workers = 1, .deterministic = true, .interceptor = interceptor}} {}

std::size_t DeterministicMesh::runnable() const noexcept { return scheduler_of(mesh_).jobs.size(); }

bool DeterministicMesh::step(std::size_t index, std::size_t messages) {
  auto& jobs = scheduler_of(mesh_).jobs;
  if (index >= jobs.size()) return false;
  const auto place = jobs.begin() + static_cast<std::ptrdiff_t>(index);
  caf::resumable* const job = *place;
  jobs.erase(place);
  caf::scoped_execution_unit worker{mesh_.state().system.get()};
  switch (job->resume(&worker, messages)) {
    case caf::resumable::resume_later: jobs.push_front(job); break;
    case caf::resumable::done:
    case caf::resumable::awaiting_message: intrusive_ptr_release(job); break;
    case caf::resumable::shutdown_execution_unit: break;
  }
  return true;
}

std::size_t DeterministicMesh::run(std::size_t limit) {
  std::size_t steps = 0;
  while (step()) {
    if (++steps == limit) throw std::runtime_error{"the agents never come to rest: they keep sending"};
  }
  return steps;
}

TimePoint DeterministicMesh::now() const noexcept { return scheduler_of(mesh_).clock().now(); }

TimePoint DeterministicMesh::next_due() const noexcept {
  const auto& schedule = scheduler_of(mesh_).clock().schedule();
  return schedule.empty() ? kNever : TimePoint{schedule.begin()->first};
}

void DeterministicMesh::advance(Duration duration) {
  scheduler_of(mesh_).advance_time(std::chrono::duration_cast<caf::timespan>(duration));
}

void DeterministicMesh::post(const AgentRef& agent, std::unique_ptr<Job> job) {
  auto* entry = new JobEntry;
  entry->kind = entry_tag(EntryKind::job, Lane::control);
  entry->job = std::move(job);
  entry->incarnation = agent.cell()->incarnation();
  agent.cell()->deliver(entry);
}

}  // namespace myelin
