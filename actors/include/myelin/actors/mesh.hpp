/// One process's agents: starts them, lets other threads talk to them, and stops them.
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

#include "myelin/actors/agent.hpp"
#include "myelin/actors/agent_state.hpp"
#include "myelin/actors/dead_letters.hpp"
#include "myelin/actors/lambda_agent.hpp"
#include "myelin/actors/metrics.hpp"
#include "myelin/actors/shutdown.hpp"
#include "myelin/actors/tracing.hpp"

namespace myelin {

struct MeshState;
class Interceptor;

/// How a mesh runs.
struct MeshConfig {
  /// Threads that run agents; 0 is one a processor.
  std::size_t workers = 0;
  /// Threads for Agent::offload().
  std::size_t job_threads = 1;
  /// Ties each worker to one processor.
  bool pin_workers = false;
  /// Loads CAF's network layer, so that agents can be published and reached over BASP. Plain BASP has no protection
  /// against hostile peers: docs/ARCHITECTURE.md, "What is deliberately absent".
  bool network = false;
  /// Counts what agents do (Mesh::metrics()). It costs a few nanoseconds a turn.
  bool metrics = true;
  /// Of so many messages that come from outside, one begins a trace (Mesh::tracer()); 0 for none.
  std::uint32_t trace_one_in = 0;
  /// How long the destructor waits for agents and jobs to end. Those that have not by then are named on standard error,
  /// and their threads and all that they might touch are left behind: a leak rather than a hang, or a crash.
  Duration stop_limit = std::chrono::seconds{10};
  /// No threads at all: a test runs the agents one message at a time. See DeterministicMesh.
  bool deterministic = false;
  /// For tests: sees every message on its way, and may lose, delay or double it. See interceptor.hpp.
  Interceptor* interceptor = nullptr;
};

/// **Thread-safety**: thread-safe, but for construction and destruction.
class Mesh {
 public:
  /// **Errors**: throws std::runtime_error when the threads cannot be started.
  explicit Mesh(const MeshConfig& config = {});
  Mesh(const Mesh&) = delete;
  Mesh& operator=(const Mesh&) = delete;
  /// Stops the mesh if that was not done. Returns after MeshConfig::stop_limit at the latest, whatever agents do.
  ~Mesh();

  /// Starts an agent of class A, made from `args`. It runs until it stops, fails, or the mesh stops.
  /// **Errors**: an exception from A's constructor passes through. A stopping mesh returns a handle to no agent.
  template <class A, class... Args>
  AgentRef spawn(Args&&... args) {
    return spawn_erased(agent_class<A>(), std::make_unique<A>(std::forward<Args>(args)...), {});
  }

  /// The same with what can be chosen for one agent.
  template <class A, class... Args>
  AgentRef spawn_with(const SpawnOptions& options, Args&&... args) {
    return spawn_erased(agent_class<A>(), std::make_unique<A>(std::forward<Args>(args)...), options);
  }

  /// Starts an agent made of lambdas, each a handler: see LambdaAgent.
  template <class... Lambdas>
  AgentRef spawn_handlers(Lambdas... lambdas) {
    return spawn<LambdaAgent<Lambdas...>>(std::move(lambdas)...);
  }

  /// Sends a message from outside any agent: `fill` fills it in.
  template <class T = void, class Fill>
  void tell(const AgentRef& to, Fill&& fill, Lane lane = Lane::normal) {
    send(to, make_frame<typename detail::MessageOf<T, Fill>::Type>(std::forward<Fill>(fill),
                                                                   {.trace = begin_trace(), .lane = lane}));
  }
  /// Sends a frame from outside any agent. Blocks while the receiver's mailbox is full, if that is its reaction.
  void send(const AgentRef& to, Frame frame);

  /// Asks from outside any agent, and blocks until there is an answer or `timeout` has passed. Never call this in an
  /// agent. A stop of `stop` ends the wait, and the agent that was asked is told, as after the deadline.
  /// **Errors**: timeout, cancelled, overloaded, receiver_dead, unhandled_type, no_reply, handler_failed,
  /// wrong_answer_type.
  template <class R, class T = void, class Fill>
  [[nodiscard]] Result<Held<R>> ask(const AgentRef& to, Fill&& fill, Duration timeout,
                                    const std::stop_token& stop = {}) {
    return as_message<R>(ask_and_wait(
        to, make_frame<typename detail::MessageOf<T, Fill>::Type>(std::forward<Fill>(fill)), timeout, stop));
  }

  /// Puts a question that knows whom it is for and how its answer is read, from outside any agent: see call.hpp.
  template <Call C>
  [[nodiscard]] Result<typename C::Value> ask(const C& call, Duration timeout, const std::stop_token& stop = {}) {
    return call.read(as_message<typename C::Answer>(ask_and_wait(call.receiver(), call.question(), timeout, stop)));
  }

  /// The child of this name of a supervising agent; no agent if there is none, or it has ended.
  [[nodiscard]] AgentRef child(const AgentRef& supervisor, std::string_view name) const;

  /// Asks an agent to stop once it has handled the messages of the control lane. Returns at once.
  void stop_agent(const AgentRef& agent);

  /// Stops every agent and waits until they have, at most `limit`. Returns how many had not; they are abandoned.
  std::size_t stop(Duration limit = std::chrono::seconds{10});

  /// Lets nothing in from outside any more, lets the agents end what they have begun, and stops them: first those that
  /// were started last; a supervisor stops its children in their order. Returns when that is done, or when the time for
  /// it is up: what agents do cannot delay it. Agents may start others meanwhile, until they are stopped.
  ShutdownReport shutdown(const ShutdownOptions& options = {});

  /// Lets an agent handle what waits for it and end its questions, jobs and coroutines, then stops it for good (its
  /// children without more ado). Returns when it has ended. Never call this in an agent.
  /// **Errors**: timeout, where it was stopped before it was done, or is stuck in a handler.
  Result<void> drain_agent(const AgentRef& agent, Duration limit);

  /// Waits until an agent has started: its on_start() is over, and it has called become_ready() if it held back. Never
  /// call this in an agent.
  /// **Errors**: timeout; receiver_dead where it has ended.
  [[nodiscard]] Result<void> wait_ready(const AgentRef& agent, Duration timeout);
  /// Known at once, and out of date as soon. `stopped` for no agent.
  [[nodiscard]] AgentState state_of(const AgentRef& agent) const noexcept;

  [[nodiscard]] std::size_t agents_running() const noexcept;
  [[nodiscard]] std::size_t workers() const noexcept;
  [[nodiscard]] DeadLetters& dead_letters() noexcept;
  /// What was counted so far. **Cost**: looks at every agent, some 10 ns each.
  [[nodiscard]] MeshMetrics metrics() const;
  [[nodiscard]] Tracer& tracer() noexcept;

  [[nodiscard]] MeshState& state() noexcept { return *state_; }

 private:
  [[nodiscard]] TraceContext begin_trace() noexcept;
  [[nodiscard]] AgentRef spawn_erased(const AgentClass& of, std::unique_ptr<Agent> agent, const SpawnOptions& options);
  [[nodiscard]] Result<Frame> ask_and_wait(const AgentRef& to, const Frame& frame, Duration timeout,
                                           const std::stop_token& stop);
  [[nodiscard]] Result<Frame> ask_plain_actor(const AgentRef& to, const Frame& frame, Duration timeout);

  std::unique_ptr<MeshState> state_;
};

}  // namespace myelin
