/// What stands between the agents of a test mesh: applies the faults, keeps what is delayed, writes the trace.
#pragma once

#include <map>
#include <tuple>

#include "fault_rules.hpp"
#include "myelin/actors/deterministic_mesh.hpp"
#include "myelin/actors/interceptor.hpp"
#include "myelin/testkit/test_mesh.hpp"

namespace myelin::testkit {

class Simulation final : public Interceptor {
 public:
  explicit Simulation(const TestMeshOptions& options);
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;
  ~Simulation();

  void deliver(Parcel& parcel) noexcept override;
  void handle(const AgentRef& agent, const Frame& frame, Parcel::Kind kind) override;

  bool step();
  /// Moves the clock to `moment`, and delivers what is due by then. **Requires**: nothing is due before.
  void move_to(TimePoint moment);
  [[nodiscard]] TimePoint next_due() const noexcept;

  const TestMeshOptions options;
  Faults faults;
  Trace trace;
  Random test_random;
  std::optional<TestMesh::Outsider> outside;

 private:
  using Way = std::tuple<AgentId, AgentId, Lane>;  // from, to

  void deliver_due();
  void note(TraceEntry::What what, AgentId agent, AgentId from, const Frame& frame, Parcel::Kind kind);
  void note(TraceEntry::What what, const Parcel& parcel);
  void learn_names(const AgentRef& agent, const Frame& frame);

  Random order_;
  std::map<std::pair<TimePoint, std::uint64_t>, Parcel> delayed_;
  std::uint64_t delays_ = 0;
  std::map<Way, TimePoint> busy_until_;  // ways on which something is delayed
  bool closing_ = false;

 public:
  // Last, so that it goes first: its agents send to the end.
  DeterministicMesh mesh;
  TimePoint start;
};

}  // namespace myelin::testkit
