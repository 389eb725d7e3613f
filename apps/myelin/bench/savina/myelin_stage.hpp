/// What every program in Myelin runs on: a mesh, and the agents that it begins with.
#pragma once

#include <utility>
#include <vector>

#include "bench/savina/outcome.hpp"
#include "bench/savina/savina.capnp.h"
#include "myelin/actors/mesh.hpp"

namespace myelin::tool::savina::in_myelin {

/// One run. **Thread-safety**: thread-compatible.
class Stage {
 public:
  explicit Stage(const Work& work) : Stage{MeshConfig{.workers = work.workers}} {}
  explicit Stage(const MeshConfig& config) : mesh_{config} {}

  template <class A, class... Args>
  AgentRef add(Args&&... args) {
    return mesh_.spawn<A>(std::forward<Args>(args)...);
  }

  /// Has whoever reaches the result say so here.
  [[nodiscard]] Outcome& outcome() { return outcome_; }

  /// Sends `first` a Go, waits for the result, and stops the mesh. **Errors**: throws Failed when there is none.
  Finish play(const AgentRef& first) {
    outcome_.start();
    mesh_.tell(first, [](schema::Go::Builder) {});
    const std::optional<Finish> finish = outcome_.wait();
    mesh_.stop();
    if (!finish) throw Failed{"a program in Myelin does not end"};
    return *finish;
  }

 private:
  Outcome outcome_;  // before the mesh, whose agents refer to it
  Mesh mesh_;
};

/// Agents that address one another by number: a message holds numbers, never handles. Filled before the first message,
/// and gone before the stage is.
using Peers = std::vector<AgentRef>;

}  // namespace myelin::tool::savina::in_myelin
