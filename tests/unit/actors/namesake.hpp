/// An agent in another source, whose class and handler are called as others in namesake_test.cpp.
#pragma once

#include <string>
#include <vector>

#include "myelin/actors/mesh.hpp"

namespace test {

/// Writes down "other" for each Tick.
[[nodiscard]] myelin::AgentRef spawn_namesake(myelin::Mesh& mesh, std::vector<std::string>& log);

}  // namespace test
