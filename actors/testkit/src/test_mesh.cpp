#include "myelin/testkit/test_mesh.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "failed_trace.hpp"
#include "simulation.hpp"
#include "turn_failure.hpp"

namespace myelin::testkit {

TestMesh::TestMesh(std::uint64_t seed) : TestMesh{TestMeshOptions{.seed = seed}} {}
TestMesh::TestMesh(const TestMeshOptions& options) : simulation_{std::make_unique<Simulation>(options)} {}
TestMesh::~TestMesh() = default;

bool TestMesh::step() {
  const bool moved = simulation_->step();
  if (turn_failure.what) fail_expectation(*std::exchange(turn_failure.what, std::nullopt));
  return moved;
}

std::size_t TestMesh::run() {
  std::size_t turns = 0;
  while (step()) {
    if (++turns == simulation_->options.steps_max) fail_expectation("the agents never come to rest: they keep sending");
  }
  return turns;
}

void TestMesh::advance(Duration duration) {
  static_cast<void>(run_until([] { return false; }, duration));
}

bool TestMesh::run_until(const std::function<bool()>& done, Duration within) {
  const TimePoint end = time_after(now(), within);
  std::size_t turns = 0;
  while (!done()) {
    if (step()) {
      if (++turns == simulation_->options.steps_max) {
        fail_expectation("the agents never come to rest: they keep sending, or set timers that are due at once");
      }
      continue;
    }
    const TimePoint due = simulation_->next_due();
    if (due <= end && due != kNever) {
      simulation_->move_to(std::max(due, now()));
    } else {
      if (end != kNever && end > now()) simulation_->move_to(end);
      return done();
    }
  }
  return true;
}

TimePoint TestMesh::now() const noexcept { return simulation_->mesh.now(); }
Duration TestMesh::elapsed() const noexcept { return now() - simulation_->start; }
TimePoint TestMesh::next_due() const noexcept { return simulation_->next_due(); }

void TestMesh::crash(const AgentRef& agent) {
  in_turn(agent, make_turn([seed = this->seed()] {
            throw std::runtime_error{fmt::format("a crash asked for by the test (seed {})", seed)};
          }));
}

Faults& TestMesh::faults() noexcept { return simulation_->faults; }
const Trace& TestMesh::trace() const noexcept { return simulation_->trace; }
std::uint64_t TestMesh::seed() const noexcept { return simulation_->options.seed; }
Random& TestMesh::random() noexcept { return simulation_->test_random; }
std::size_t TestMesh::agents_running() const noexcept { return simulation_->mesh.mesh().agents_running(); }
Mesh& TestMesh::mesh() noexcept { return simulation_->mesh.mesh(); }

TestMesh::Outsider TestMesh::spawn_probe(const std::shared_ptr<ProbeLog>& log, std::string_view name) {
  const AgentRef ref = spawn<ProbeAgent>(log);
  simulation_->trace.name_agent(ref.id(), name);
  return {ref, log->agent};
}

const TestMesh::Outsider& TestMesh::outside() {
  if (!simulation_->outside) simulation_->outside = spawn_probe(std::make_shared<ProbeLog>(), "outside");
  return *simulation_->outside;
}

void TestMesh::in_turn(const AgentRef& agent, std::unique_ptr<Job> turn) {
  simulation_->mesh.post(agent, std::move(turn));
}

bool TestMesh::knows_type(TypeId type) const noexcept { return simulation_->trace.knows_type(type); }
void TestMesh::name_type(TypeId type, std::string_view name) { simulation_->trace.name_type(type, name); }
std::string TestMesh::type_name(TypeId type) const { return simulation_->trace.type_name(type); }
std::string TestMesh::agent_name(AgentId agent) const { return simulation_->trace.agent_name(agent); }

void TestMesh::fail_expectation(const std::string& what) const {
  std::string text = what;
  if (seed() != 0) text += fmt::format("\n(seed {})", seed());
  if (trace().size() != 0) text += "\nThe last steps, of " + std::to_string(trace().size()) + ":\n";
  throw ExpectationFailed{text + trace().text(kReportedSteps)};
}

}  // namespace myelin::testkit
