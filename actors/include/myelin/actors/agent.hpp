/// The base class of every agent.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

#include "myelin/actors/agent_ref.hpp"
#include "myelin/actors/awaitable.hpp"
#include "myelin/actors/call.hpp"
#include "myelin/actors/continuation.hpp"
#include "myelin/actors/group.hpp"
#include "myelin/actors/handlers.hpp"
#include "myelin/actors/mailbox.hpp"
#include "myelin/actors/outbox.hpp"
#include "myelin/actors/spawn_options.hpp"
#include "myelin/actors/supervision.hpp"
#include "myelin/actors/task.hpp"
#include "myelin/actors/timer.hpp"
#include "myelin/base/result.hpp"
#include "myelin/serialization/frame_builder.hpp"

namespace myelin {

class AgentCell;
class Restart;

/// What the runtime knows of a class of agents: made once a class.
struct AgentClass {
  std::string name;
  HandlerTable handlers;
  bool has_start;     ///< Overrides on_start(), so that its first turn must not wait for a message.
  bool has_turn_end;  ///< Overrides on_turn_end().
  bool has_rejected;  ///< Overrides on_rejected().
  bool reentrant;     ///< May be asked by agents whose answers it waits for.
  MailboxOptions mailbox;
  std::size_t index;  ///< Numbers the classes of this process from 0.
  /// Called before the agent is seen by anyone, and after each restart; or null.
  void (*at_spawn)(Agent&) = nullptr;
};

/// An actor: a class of one's own that takes messages one after another, never two at once.
///
///     class Greeter : public myelin::Agent {
///      public:
///       static void handlers(myelin::Handlers<Greeter>& on) { on.message<&Greeter::greet>(); }
///      private:
///       void greet(Hello::Reader hello, myelin::Reply<Greeting> reply);
///     };
///
/// An agent is started by Mesh::spawn() and runs until it calls stop(), fails, or its mesh stops. It need not be
/// referred to by anyone. A handler that throws fails its agent: whoever waits for an answer gets an error, and
/// watchers are told.
///
/// **Thread-safety**: actor-confined. Every protected function must be called from the agent's own handlers and
/// callbacks, and not before on_start().
class Agent {
 public:
  Agent() = default;
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;
  virtual ~Agent() = default;

  /// Called before the first message.
  virtual void on_start() {}
  /// Called after the last message, unless the agent failed.
  virtual void on_stop() {}
  /// Called before on_start() on an agent that takes another's place: the moment to take over state from it. Without an
  /// override the new agent starts afresh. See restart.hpp.
  virtual void on_restart(Restart& /*restart*/) {}
  /// Called whenever no message waits, or when others must have the thread: the moment to work on what came in
  /// together.
  virtual void on_turn_end() {}

  /// What became of an agent that this one watches.
  struct Down {
    AgentId agent;
    bool failed;         ///< False if it stopped of its own accord.
    std::string reason;  ///< Empty if it stopped of its own accord.
  };
  virtual void on_down(const Down& /*down*/) {}

  /// A message that this agent told or sent found the mailbox of `receiver` full, and was given back. Without an
  /// override such messages are dead letters. Not called for questions, which fail.
  virtual void on_rejected(const AgentRef& /*receiver*/, Frame /*frame*/) {}

  /// The mailbox of each agent of a class, unless it was started with another; others hide this with their own. Without
  /// a `redirect_to`: handles are given when an agent is started (SpawnOptions).
  static MailboxOptions mailbox() { return {}; }

  /// An agent class without messages; others hide this with their own.
  template <class A>
  static void handlers(Handlers<A>& /*on*/) {}

 protected:
  /// A handle to this agent, to be given to others.
  [[nodiscard]] AgentRef self() const noexcept;
  /// The time by the mesh's clock, which tests move by hand.
  [[nodiscard]] TimePoint now() const noexcept;
  /// The header of the message being handled. **Requires**: called while one is.
  [[nodiscard]] FrameHeader current_header() const noexcept;

  /// Sends a small message. What one turn tells one receiver travels together: it is sent at the end of the turn, when
  /// 256 have come together, or on flush(). `fill`: `void fill(T::Builder)`; T is found from its parameter, or given.
  /// `fill` only fills in: it must not tell, send, ask or flush (std::logic_error), for its message lies in an open
  /// batch.
  template <class T = void, class Fill>
  void tell(const AgentRef& to, Fill&& fill, Lane lane = Lane::normal) {
    using Message = typename detail::MessageOf<T, Fill>::Type;
    Outbox& outbox = outbox_();
    auto builder = outbox.template add<Message>(to, lane);
    try {
      std::forward<Fill>(fill)(builder);
    } catch (...) {
      outbox.retract(to);
      throw;
    }
    outbox.filled();
  }

  /// Sends a frame at once, after what was told to the same receiver before.
  void send(const AgentRef& to, Frame frame);

  /// Sends everything that was told so far.
  void flush();

  /// Asks for an answer of type R, and calls `then` with it, or with what went wrong, in a later turn of this agent:
  /// `void then(Result<Held<R>>)`. If this agent stops first, `then` is dropped uncalled.
  ///
  /// What is asked while a question is handled, or in a continuation of that, belongs to it: its deadline is no later,
  /// its trace is the same, and an agent that waits for its answer is not asked again (request_cycle, at once) unless
  /// its class says `static constexpr bool kReentrant = true`. When the deadline passes, the question is cancelled or
  /// this agent ends, the agent that was asked is told: see Reply::cancelled().
  ///
  /// Returns the question's number, to cancel() it with.
  /// **Errors** (given to `then`): timeout, cancelled, request_cycle, overloaded, receiver_dead, unhandled_type,
  /// bad_frame, no_reply, handler_failed, wrong_answer_type.
  template <class R, class T = void, class Fill, class Then>
  requires(!std::is_same_v<std::remove_cvref_t<Fill>, Frame>) CorrelationId
      ask(const AgentRef& to, Fill&& fill, Duration timeout, Then&& then) {
    using Message = typename detail::MessageOf<T, Fill>::Type;
    static_assert(std::is_invocable_v<Then, Result<Held<R>>>, "then must take myelin::Result<myelin::Held<R>>");
    return put<Message>(to, std::forward<Fill>(fill), timeout, make_answer_continuation<R>(std::forward<Then>(then)));
  }

  /// The same with a ready frame, whose header is replaced; its bytes are shared.
  template <class R, class Then>
  CorrelationId ask(const AgentRef& to, const Frame& frame, Duration timeout, Then&& then) {
    return put_frame(to, frame, timeout, make_answer_continuation<R>(std::forward<Then>(then)));
  }

  /// Asks, for a coroutine: `co_await ask<R>(...)` gives a Result<Held<R>>, the answer or one of the errors above. The
  /// question is put at once, before it is awaited. (g++ 12 destroys twice what a lambda captures by value that is
  /// written inside the co_await: see docs/guide/coroutines.md.)
  template <class R, class T = void, class Fill>
  requires(!std::is_same_v<std::remove_cvref_t<Fill>, Frame>) PendingAnswer<R> ask(const AgentRef& to, Fill&& fill,
                                                                                   Duration timeout) {
    using Message = typename detail::MessageOf<T, Fill>::Type;
    auto link = std::make_unique<detail::Pending::Link>();
    detail::Pending::Link& in_table = *link;
    return {*this, put<Message>(to, std::forward<Fill>(fill), timeout, std::move(link)), in_table, false};
  }
  template <class R>
  PendingAnswer<R> ask(const AgentRef& to, const Frame& frame, Duration timeout) {
    auto link = std::make_unique<detail::Pending::Link>();
    detail::Pending::Link& in_table = *link;
    return {*this, put_frame(to, frame, timeout, std::move(link)), in_table, false};
  }

  /// Puts a question that knows whom it is for and how its answer is read (call.hpp), for a coroutine: `co_await
  /// ask(memory.get("colour"), 2s)` gives what C's read() makes of the answer.
  template <Call C>
  PendingCall<C> ask(C call, Duration timeout) {
    auto pending = ask<typename C::Answer>(call.receiver(), call.question(), timeout);
    return {std::move(pending), std::move(call)};
  }
  /// The same with a callback: `void then(Result<C::Value>)`.
  template <Call C, class Then>
  CorrelationId ask(C call, Duration timeout, Then&& then) {
    const AgentRef receiver = call.receiver();
    const Frame question = call.question();
    return ask<typename C::Answer>(
        receiver, question, timeout,
        [call = std::move(call), then = std::forward<Then>(then)](Result<Held<typename C::Answer>> answer) mutable {
          then(call.read(std::move(answer)));
        });
  }

  /// Waits in a coroutine: `co_await sleep(1s)`. The time runs from the call on, awaited or not.
  PendingMoment sleep(Duration duration) {
    auto link = std::make_unique<detail::Pending::Link>();
    detail::Pending::Link& in_table = *link;
    return {*this, start_timer(duration, std::move(link)), in_table, true};
  }

  /// Runs `work` on a thread kept for long or blocking work: `co_await offload(work)` gives its result, or throws what
  /// it threw. It begins at once. **Requires**: the work touches nothing of the agent that a handler might use.
  template <class Work>
  auto offload(Work&& work) {
    using AwaitedJob = detail::AwaitedJob<std::decay_t<Work>>;
    using Value = typename AwaitedJob::Value;
    auto state = std::make_shared<detail::JobState<Value>>();
    start_job(std::make_unique<AwaitedJob>(std::forward<Work>(work), state));
    return PendingJob<Value>{std::move(state)};
  }

  /// Lets a coroutine run that nobody awaits: at once until it first waits, then until it ends or the agent does. It is
  /// no part of handling the current message: its questions have their own deadlines. An exception that leaves it fails
  /// the agent; before it first waits, it passes to the caller.
  void start(Task<> task) {
    if (auto* promise = task.release(); promise != nullptr) detail::start_detached(*this, *promise);
  }

  /// Calls `then` once, `delay` from now: `void then()`. Returns a number to cancel it with.
  template <class Then>
  CorrelationId after(Duration delay, Then&& then) {
    return start_timer(delay, make_timer_continuation(std::forward<Then>(then)));
  }
  /// Calls `then` again and again: at `period` from now and at each multiple of it, until cancel(). A call that comes
  /// late does not shift the next, and moments missed altogether are skipped. Returns a number to cancel it with, also
  /// from inside `then`. **Errors**: throws std::invalid_argument unless period > 0 and 0 <= jitter <= 1.
  template <class Then>
  CorrelationId every(Duration period, Then&& then) {
    return every(period, Repeat{}, std::forward<Then>(then));
  }
  template <class Then>
  CorrelationId every(Duration period, Repeat how, Then&& then) {
    Ticks ticks{now(), period, how.jitter, id()};
    const TimePoint first = ticks.next(now());
    return start_repeating(first,
                           std::make_unique<detail::OnEachTick<std::decay_t<Then>>>(ticks, std::forward<Then>(then)));
  }
  /// Ends a timer, whose `then` is dropped, or a question, whose `then` gets Errc::cancelled in a later turn. Does
  /// nothing when it has ended already.
  void cancel(CorrelationId timer_or_question);

  /// Runs `work` on a thread kept for long or blocking work, then `then` with its result as a message of this agent:
  /// `then(work())`, or `then()` where the work returns void. Meanwhile the agent takes other messages.
  /// **Requires**: the work touches nothing of the agent that a handler might use, and does not throw.
  template <class Work, class Then>
  void offload(Work&& work, Then&& then) {
    start_job(make_job(std::forward<Work>(work), std::forward<Then>(then)));
  }

  /// Has on_down() called when `other` stops, at once if it already has.
  void watch(const AgentRef& other);
  /// Ties two agents together: when one fails, the other fails with it.
  void link(const AgentRef& other);

  /// Messages that the receiver's mailbox still has room for. For agents of other processes, and plain CAF actors, as
  /// many as there can be.
  [[nodiscard]] std::size_t room_at(const AgentRef& receiver) const noexcept;

  /// Starts another agent on the same mesh.
  template <class A, class... Args>
  AgentRef spawn(Args&&... args);
  template <class A, class... Args>
  AgentRef spawn_with(const SpawnOptions& options, Args&&... args);

  /// Called in on_start(): messages wait until become_ready() is called, while answers, timers and jobs come in.
  void hold_ready();
  /// From now on messages are handled. Does nothing unless hold_ready() was called.
  void become_ready() noexcept;

  /// Starts an agent of class A, made from copies of `args`, and restarts it in place when it fails: handles to it stay
  /// valid, and what waits in its mailbox is handled by its successor. It is stopped before this agent ends.
  template <class A, class... Args>
  AgentRef spawn_supervised(Args&&... args) {
    return start_child(child_spec<A>({}, std::forward<Args>(args)...));
  }
  /// The same, with a name and choices of its own. Called again under the same name by an agent that was restarted, it
  /// restarts the same child.
  /// **Errors**: throws std::logic_error for a name in use; what the child's constructor throws passes through.
  AgentRef start_child(ChildSpec spec);
  /// The child of this name, or no agent.
  [[nodiscard]] AgentRef child(std::string_view name) const;
  /// Says what happens when a child fails; without it, SupervisionPolicy's defaults do.
  void supervise(const SupervisionPolicy& policy);

  /// Ends this agent when the handler returns; in a coroutine, when it waits or ends. What was told so far is sent; who
  /// waits for an answer gets an error.
  void stop() noexcept;
  /// Ends this agent as failed: watchers and linked agents are told why.
  void fail(Error reason) noexcept;

  [[nodiscard]] AgentId id() const noexcept;

 private:
  friend class AgentCell;
  friend class AgentAccess;

  /// Builds the question, and puts it. Returns its number.
  template <class Message, class Fill>
  CorrelationId put(const AgentRef& to, Fill&& fill, Duration timeout, std::unique_ptr<Continuation> then) {
    const FrameHeader header = open_question(timeout, std::move(then));
    Frame frame;
    try {
      frame = make_frame<Message>(std::forward<Fill>(fill), header);
      put_question(to, std::move(frame));
    } catch (...) {
      abandon_question(header.correlation);
      throw;
    }
    return header.correlation;
  }

  CorrelationId put_frame(const AgentRef& to, const Frame& frame, Duration timeout, std::unique_ptr<Continuation> then);
  [[nodiscard]] Outbox& outbox_();
  [[nodiscard]] FrameHeader open_question(Duration timeout, std::unique_ptr<Continuation> then);
  void abandon_question(CorrelationId question) noexcept;
  void put_question(const AgentRef& to, Frame frame);
  [[nodiscard]] CorrelationId start_timer(Duration delay, std::unique_ptr<Continuation> then);
  [[nodiscard]] CorrelationId start_repeating(TimePoint first, std::unique_ptr<Continuation> then);
  void start_job(std::unique_ptr<Job> job);
  [[nodiscard]] AgentRef spawn_erased(const AgentClass& of, std::unique_ptr<Agent> agent, const SpawnOptions& options);

  AgentCell* cell_ = nullptr;
};

namespace detail {
/// 0, 1, 2, ... **Thread-safety**: thread-safe.
[[nodiscard]] std::size_t next_class_index() noexcept;
}  // namespace detail

/// The AgentClass of A. **Thread-safety**: thread-safe.
template <class A>
[[nodiscard]] const AgentClass& agent_class() {
  static_assert(std::is_base_of_v<Agent, A>, "an agent derives from myelin::Agent");
  static const AgentClass instance = [] {
    AgentClass made{};
    made.name = detail::class_name(typeid(A));
    Handlers<A> handlers{made.handlers};
    static_assert(
        requires { A::handlers(handlers); },
        "an agent class needs `static void handlers(myelin::Handlers<TheClass>& on)`, public");
    A::handlers(handlers);
    made.index = detail::next_class_index();
    // A class that overrides names its own member; where access forbids to look, assume that it overrides.
    made.has_start = !requires { requires std::is_same_v<decltype(&A::on_start), void (Agent::*)()>; };
    made.has_turn_end = !requires { requires std::is_same_v<decltype(&A::on_turn_end), void (Agent::*)()>; };
    made.has_rejected = !requires {
      requires std::is_same_v<decltype(&A::on_rejected), void (Agent::*)(const AgentRef&, Frame)>;
    };
    made.mailbox = A::mailbox();
    if constexpr (requires { A::kReentrant; }) made.reentrant = A::kReentrant;
    if constexpr (requires { &A::at_spawn; }) made.at_spawn = &A::at_spawn;
    return made;
  }();
  return instance;
}

template <class A, class... Args>
AgentRef Agent::spawn(Args&&... args) {
  return spawn_erased(agent_class<A>(), std::make_unique<A>(std::forward<Args>(args)...), {});
}

template <class A, class... Args>
AgentRef Agent::spawn_with(const SpawnOptions& options, Args&&... args) {
  return spawn_erased(agent_class<A>(), std::make_unique<A>(std::forward<Args>(args)...), options);
}

}  // namespace myelin
