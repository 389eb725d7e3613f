/// The end of a story whose agents look at lists of handles to the last, which must not outlive the mesh.
#pragma once

#include <utility>
#include <vector>

#include "myelin/testkit/test_mesh.hpp"

namespace test {

/// At the end of the scope: stops the agents, then clears the lists.
class StopThenForget {
 public:
  using Handles = std::vector<myelin::AgentRef>;
  StopThenForget(myelin::testkit::TestMesh& mesh, std::vector<Handles*> lists)
      : mesh_{mesh}, lists_{std::move(lists)} {}
  StopThenForget(const StopThenForget&) = delete;
  StopThenForget& operator=(const StopThenForget&) = delete;
  ~StopThenForget() {
    mesh_.mesh().stop();
    for (Handles* list : lists_) list->clear();
  }

 private:
  myelin::testkit::TestMesh& mesh_;
  std::vector<Handles*> lists_;
};

}  // namespace test
