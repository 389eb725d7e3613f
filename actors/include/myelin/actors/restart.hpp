/// What an agent that takes a failed one's place learns of it.
#pragma once

#include "myelin/actors/agent.hpp"
#include "myelin/base/result.hpp"

namespace myelin {

/// Given to Agent::on_restart(). **Thread-safety**: actor-confined.
class Restart {
 public:
  Restart(Agent& predecessor, const Error* error, unsigned attempt) noexcept
      : predecessor_{predecessor}, error_{error}, attempt_{attempt} {}

  /// Why the predecessor failed; null where it did not: it was stopped with its siblings, or of its own accord.
  [[nodiscard]] const Error* error() const noexcept { return error_; }
  /// 1 for the first restart; counts failures that follow each other within the policy's period. 0 where this agent did
  /// not fail, but a sibling or its supervisor.
  [[nodiscard]] unsigned attempt() const noexcept { return attempt_; }
  /// The predecessor, to take its state from: it may have failed half-way through a change of it. Destroyed after
  /// on_restart(). Its `Reply`s that are not taken over end with handler_failed. Null if it is no A.
  template <class A>
  [[nodiscard]] A* predecessor() const noexcept {
    return dynamic_cast<A*>(&predecessor_);
  }

 private:
  Agent& predecessor_;
  const Error* error_;
  unsigned attempt_;
};

}  // namespace myelin
