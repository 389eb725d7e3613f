/// A mesh without threads, for tests: agents run one message at a time, and time moves when told to.
#pragma once

#include <cstddef>

#include "myelin/actors/mesh.hpp"

namespace myelin {

/// Runs on CAF's deterministic scheduler: the same program sends, handles and expires in the same order every time.
/// Offloaded jobs run at once, where they were started.
///
/// **Thread-safety**: one thread only. Mesh::ask() would wait for ever: let an agent ask instead.
class DeterministicMesh {
 public:
  DeterministicMesh();

  [[nodiscard]] Mesh& mesh() noexcept { return mesh_; }

  /// Lets one agent handle one message (or one batch). False if none waits.
  bool step();
  /// Runs until no message waits. Returns the number of steps. **Errors**: throws std::runtime_error after `limit`
  /// steps.
  std::size_t run(std::size_t limit = 1'000'000);
  /// Moves the clock; what falls due then waits to be run.
  void advance(Duration duration);

 private:
  Mesh mesh_;
};

}  // namespace myelin
