/// A mesh for tests: no threads, time that passes when told to, and an order of events that a seed decides.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "myelin/actors/mesh.hpp"
#include "myelin/testkit/expectation.hpp"
#include "myelin/testkit/faults.hpp"
#include "myelin/testkit/probe_agent.hpp"
#include "myelin/testkit/random.hpp"
#include "myelin/testkit/trace.hpp"

namespace myelin::testkit {

class Simulation;

struct TestMeshOptions {
  /// Decides which agent goes next, how many messages it handles in its turn, what faults strike, and how hard. 0 is
  /// plain order: who was woken first handles all that waits for it, and then the next.
  std::uint64_t seed = 0;
  /// Most messages that an agent handles in one turn. Not for seed 0.
  std::size_t turn_messages_max = 4;
  /// Steps after which run() and its like give up: the agents never come to rest.
  std::size_t steps_max = 1'000'000;
  /// Steps that the trace keeps.
  std::size_t trace_entries_max = 65'536;
  /// Whether there are traces and faults. Without them messages take the same way into the mailboxes as on a real mesh,
  /// which matters to tests of that way, and to benchmarks.
  bool watched = true;
};

/// Runs agents deterministically:
///
///     TestMesh mesh{seed};
///     const AgentRef worker = mesh.spawn<Worker>();
///     Probe client{mesh};
///     client.tell(worker, [](Job::Builder job) { job.setSize(3); });
///     client.expect<Done>([](Done::Reader done) { return done.getSize() == 3; });
///
/// What the mesh promises of a real one holds under every seed: order between one sender and one receiver in a lane,
/// and control first. Everything else may come in any order.
///
/// **Thread-safety**: one thread only. Offloaded jobs run at once, on it.
class TestMesh {
 public:
  explicit TestMesh(std::uint64_t seed = 0);
  explicit TestMesh(const TestMeshOptions& options);
  TestMesh(const TestMesh&) = delete;
  TestMesh& operator=(const TestMesh&) = delete;
  /// Stops the agents. **Requires**: the probes are gone.
  ~TestMesh();

  template <class A, class... Args>
  AgentRef spawn(Args&&... args) {
    return mesh().spawn<A>(std::forward<Args>(args)...);
  }
  template <class A, class... Args>
  AgentRef spawn_with(const SpawnOptions& options, Args&&... args) {
    return mesh().spawn_with<A>(options, std::forward<Args>(args)...);
  }

  /// Sends a message from outside any agent.
  template <class T = void, class Fill>
  void tell(const AgentRef& to, Fill&& fill, Lane lane = Lane::normal) {
    name_type<typename myelin::detail::MessageOf<T, Fill>::Type>();
    mesh().tell<T>(to, std::forward<Fill>(fill), lane);
  }
  void send(const AgentRef& to, Frame frame) { mesh().send(to, std::move(frame)); }

  /// Asks from outside any agent, and runs the mesh until there is an answer. Time passes where nothing else can
  /// happen, at most `timeout`.
  /// **Errors**: those of Mesh::ask().
  template <class R, class T = void, class Fill>
  [[nodiscard]] Result<Held<R>> ask(const AgentRef& to, Fill&& fill, Duration timeout = std::chrono::seconds{1}) {
    using Message = typename myelin::detail::MessageOf<T, Fill>::Type;
    name_type<Message>();
    return ask_as<R>(outside(), to, make_frame<Message>(std::forward<Fill>(fill)), timeout);
  }

  /// Lets one agent have a turn. False if none has anything to do.
  bool step();
  /// Runs until nothing moves without time passing. Returns the number of turns.
  /// **Errors**: throws ExpectationFailed after `steps_max`; so do advance() and run_until().
  std::size_t run();
  /// Lets time pass: runs, then moves the clock to what is due next, and so on, until `duration` has passed.
  void advance(Duration duration);
  /// Runs until `done()`, asked between turns; where nothing moves, time passes, at most `within`. Returns whether it
  /// is done.
  bool run_until(const std::function<bool()>& done, Duration within = Duration::zero());

  [[nodiscard]] TimePoint now() const noexcept;
  /// Time that has passed since the mesh was made.
  [[nodiscard]] Duration elapsed() const noexcept;
  /// When something will happen by itself: a timer, a deadline, a delayed message; kNever if nothing will.
  [[nodiscard]] TimePoint next_due() const noexcept;

  /// Asks an agent to stop.
  void stop_agent(const AgentRef& agent) { mesh().stop_agent(agent); }
  /// Fails an agent at its next turn, as if a handler of it had thrown. **Requires**: it is an agent of this mesh.
  void crash(const AgentRef& agent);

  [[nodiscard]] Faults& faults() noexcept;
  [[nodiscard]] const Trace& trace() const noexcept;
  [[nodiscard]] std::uint64_t seed() const noexcept;
  /// For what a test wants to draw: by the seed, but apart from what the kit draws.
  [[nodiscard]] Random& random() noexcept;
  [[nodiscard]] DeadLetters& dead_letters() noexcept { return mesh().dead_letters(); }
  [[nodiscard]] std::size_t agents_running() const noexcept;
  /// The mesh itself. Mesh::ask() would wait for ever: there is ask() here.
  [[nodiscard]] Mesh& mesh() noexcept;

  /// Messages of type T appear by name in traces and reports from now on. The kit learns the names of what tests tell,
  /// ask and expect, and of what classes have handlers for, by itself.
  template <class T>
  void name_type() {
    if (!knows_type(kTypeId<T>)) name_type(kTypeId<T>, capnp::Schema::from<T>().getShortDisplayName().cStr());
  }

  // For probes.

  struct Outsider {
    AgentRef ref;
    ProbeAgent* agent;  ///< To be used in its own turn only.
  };
  [[nodiscard]] Outsider spawn_probe(const std::shared_ptr<ProbeLog>& log, std::string_view name);
  /// Runs `function` in a turn of the agent.
  void in_turn(const AgentRef& agent, std::unique_ptr<Job> turn);
  template <class R>
  [[nodiscard]] Result<Held<R>> ask_as(const Outsider& asker, const AgentRef& to, Frame frame, Duration timeout) {
    name_type<R>();
    auto outcome = std::make_shared<std::optional<Result<Held<R>>>>();
    in_turn(asker.ref, make_turn([agent = asker.agent, to, frame = std::move(frame), timeout, outcome] {
              agent->template ask<R>(to, frame, timeout,
                                     [outcome](Result<Held<R>> answer) { outcome->emplace(std::move(answer)); });
            }));
    if (!run_until([&] { return outcome->has_value(); }, timeout)) {
      return myelin::fail(Errc::receiver_dead, "the asking probe itself has ended");
    }
    return std::move(**outcome);
  }
  /// "Tick", or "of type 0x..." where the name is not known.
  [[nodiscard]] std::string type_name(TypeId type) const;
  [[nodiscard]] std::string agent_name(AgentId agent) const;
  /// `what`, the seed, and the last steps. **Errors**: throws ExpectationFailed.
  [[noreturn]] void fail_expectation(const std::string& what) const;

 private:
  [[nodiscard]] const Outsider& outside();
  [[nodiscard]] bool knows_type(TypeId type) const noexcept;
  void name_type(TypeId type, std::string_view name);

  std::unique_ptr<Simulation> simulation_;
};

}  // namespace myelin::testkit
