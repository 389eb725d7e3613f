#include "myelin/actors/deterministic_mesh.hpp"

#include <stdexcept>

#include <caf/scheduler/test_coordinator.hpp>

#include "mesh_state.hpp"

namespace myelin {

namespace {

caf::scheduler::test_coordinator& scheduler_of(Mesh& mesh) {
  return static_cast<caf::scheduler::test_coordinator&>(mesh.state().system->scheduler());
}

}  // namespace

DeterministicMesh::DeterministicMesh() : mesh_{MeshConfig{.workers = 1, .deterministic = true}} {}

bool DeterministicMesh::step() { return scheduler_of(mesh_).try_run_once(); }

std::size_t DeterministicMesh::run(std::size_t limit) {
  std::size_t steps = 0;
  while (step()) {
    if (++steps == limit) throw std::runtime_error{"the agents never come to rest: they keep sending"};
  }
  return steps;
}

void DeterministicMesh::advance(Duration duration) {
  scheduler_of(mesh_).advance_time(std::chrono::duration_cast<caf::timespan>(duration));
}

}  // namespace myelin
