/// What require() said no to within an agent's turn, where its exception fails the agent only: the mesh throws it
/// again.
#pragma once

#include <optional>
#include <string>

namespace myelin::testkit {

struct TurnFailure {
  bool in_turn = false;
  std::optional<std::string> what;
};

/// **Thread-safety**: each thread has its own.
inline thread_local TurnFailure turn_failure;

}  // namespace myelin::testkit
