/// What validators' agents use of the machine they run on.
#pragma once

#include <functional>
#include <memory>

#include "agents/checked_vertices.hpp"
#include "myelin/consensus/crypto.hpp"
#include "myelin/consensus/state_machine.hpp"
#include "myelin/validator/disk.hpp"

namespace myelin::validator {

/// Shared by all validators of a group in a process, until the last of them has ended. **Thread-safety**: thread-safe.
struct Surroundings {
  std::unique_ptr<Disk> disk;
  std::unique_ptr<consensus::SignatureChecker> checker;
  CheckedVertices checked;
  std::unique_ptr<consensus::CostClock> clock;
  std::function<consensus::WallTime()> wall_clock;
};

/// The machine as it is. `syncs`: false for a disk whose syncs promise nothing. `wall_clock`: nothing for the system's.
[[nodiscard]] std::shared_ptr<Surroundings> surroundings_of_machine(bool syncs,
                                                                    std::function<consensus::WallTime()> wall_clock);

}  // namespace myelin::validator
