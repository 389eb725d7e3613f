/// What every program in plain CAF runs on: an actor system, and the actors that do not end by themselves.
#pragma once

#include <caf/all.hpp>
#include <utility>
#include <vector>

#include "bench/savina/outcome.hpp"

namespace myelin::tool::savina::in_caf {

using Go = caf::atom_constant<caf::atom("go")>;

/// CAF's defaults but for the number of workers.
struct Config : caf::actor_system_config {
  explicit Config(std::size_t workers) { set("scheduler.max-threads", workers); }
};

/// One run. **Thread-safety**: thread-compatible.
class Stage {
 public:
  explicit Stage(const Work& work) : config_{work.workers}, system_{config_} {}

  template <class A, class... Args>
  const caf::actor& add(Args&&... args) {
    return actors_.emplace_back(system_.spawn<A>(std::forward<Args>(args)...));
  }

  /// Has whoever reaches the result say so here.
  [[nodiscard]] Outcome& outcome() { return outcome_; }

  /// Sends `first` a Go, waits for the result, and ends all actors. **Errors**: throws Failed when there is none.
  Finish play(const caf::actor& first) {
    outcome_.start();
    caf::anon_send(first, Go::value);
    const std::optional<Finish> finish = outcome_.wait();
    for (const caf::actor& actor : actors_) caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
    actors_.clear();
    if (!finish) throw Failed{"a program in raw CAF does not end"};
    system_.await_all_actors_done();
    return *finish;
  }

 private:
  Config config_;
  caf::actor_system system_;
  Outcome outcome_;
  std::vector<caf::actor> actors_;
};

/// Actors that address one another by number. Filled before the first message, and kept until the system is gone.
using Peers = std::vector<caf::actor>;

}  // namespace myelin::tool::savina::in_caf
