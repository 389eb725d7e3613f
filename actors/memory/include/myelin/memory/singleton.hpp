/// An agent of which one runs at a time, on whichever node holds a lease in the shared memory.
///
///     // On every node that may run it:
///     mesh.spawn<myelin::Singleton>(mesh, memory, "agents/printer", myelin::SingletonOptions{
///         .start = [&](std::uint64_t) -> myelin::Result<myelin::AgentRef> { return mesh.spawn<Printer>(); }});
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "myelin/actors/agent.hpp"
#include "myelin/actors/mesh.hpp"
#include "myelin/memory/memory.hpp"

namespace myelin {

struct SingletonOptions {
  /// Starts it here, with the token of the lease: what it writes elsewhere can be told apart by that from what one
  /// before it wrote, for tokens only grow. Called in an agent: it must not block. After an error the lease is given
  /// back.
  std::function<Result<AgentRef>(std::uint64_t token)> start;
  /// Told what has changed: it runs here ("" as `why`), or does no more. Called in an agent; may be empty.
  std::function<void(bool runs, std::string_view why)> on_change = {};
  /// How long the others wait for one that is cut off. From 100 ms to a day.
  Duration lease = std::chrono::seconds{10};
};

/// Tries to get the lease for as long as it lives, and holds it for as long as the agent runs and validators answer.
///
/// Two do not run at once: three quarters of a lease after the last renewal that succeeded was begun, by this machine's
/// clock, the agent is told to stop, and only when it has ended is the lease given back. That it ends within the last
/// quarter is the agent's part, and that clocks of validators do not jump by more is theirs: who must be sure takes the
/// token into what it writes. An agent that ends by itself gives the lease back; here another is started after one
/// lease at the earliest, so that other nodes have their turn.
///
/// **Errors**: throws std::invalid_argument for options out of bounds. **Thread-safety**: actor-confined.
class Singleton final : public Agent {
 public:
  Singleton(Mesh& mesh, Memory memory, std::string key, SingletonOptions options);

  void on_start() override { start(run()); }
  void on_down(const Down& down) override;

 private:
  [[nodiscard]] Task<> run();
  /// Until the lease is lost, or the agent has ended.
  [[nodiscard]] Task<> hold(std::uint64_t token, TimePoint until);
  [[nodiscard]] Task<> wind_up(std::uint64_t token, std::string why);
  void say(bool runs, std::string_view why) const;

  Mesh& mesh_;
  const Memory memory_;
  const std::string key_;
  const SingletonOptions options_;
  AgentRef agent_;
  bool ended_ = true;
  std::string why_ended_;
};

}  // namespace myelin
