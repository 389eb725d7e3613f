/// Coroutines of agents: handlers that wait in the middle, and what they are made of.
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include "myelin/actors/continuation.hpp"
#include "myelin/actors/reply.hpp"
#include "myelin/serialization/block_pool.hpp"

namespace myelin {

class Agent;
class Tasks;

namespace detail {

/// Told once when what it waits for has come; in a turn of the agent.
class Waker {
 public:
  virtual ~Waker() = default;
  virtual void wake() = 0;
  Tasks* tasks = nullptr;  ///< Of the agent.
};

/// A place in a list; taking an element out needs no list.
struct TaskLink {
  TaskLink* previous = nullptr;
  TaskLink* next = nullptr;

  void insert_after(TaskLink& place) noexcept {
    previous = &place;
    next = place.next;
    place.next->previous = this;
    place.next = this;
  }
  void unlink() noexcept {
    if (next == nullptr) return;
    previous->next = next;
    next->previous = previous;
    previous = next = nullptr;
  }
};
struct ReadyLink : TaskLink {};
struct RootLink : TaskLink {};

/// What every coroutine of an agent has, whatever it returns. One that is awaited by another wakes that one at its end;
/// one that nobody awaits is a root, kept by the agent's Tasks.
///
/// Coroutines do not resume each other: they queue at Tasks, which resumes one after another. So the stack does not
/// grow with the number of calls, also where the compiler makes no tail calls (g++ without optimisation, or under
/// asan).
class TaskPromise : public Pooled, public Waker, public ReadyLink, public RootLink {
 public:
  struct Final {
    TaskPromise& promise;
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> /*self*/) const noexcept { promise.finish(); }
    void await_resume() const noexcept {}
  };

  TaskPromise() = default;
  TaskPromise(const TaskPromise&) = delete;
  TaskPromise& operator=(const TaskPromise&) = delete;
  ~TaskPromise() override {
    ReadyLink::unlink();
    RootLink::unlink();
  }

  std::suspend_always initial_suspend() const noexcept { return {}; }
  Final final_suspend() noexcept { return {*this}; }
  void unhandled_exception() noexcept { exception = std::current_exception(); }

  void wake() override;
  /// Lets the coroutine begin, when the one that runs waits; `waker` is told of its end.
  void begin(Waker& waker);
  /// Destroys the coroutine and those that it awaits, innermost first: a callee may use what lies in its caller.
  static void destroy(TaskPromise* promise) noexcept;

  std::coroutine_handle<> handle;
  Waker* waker = nullptr;          ///< Null for a root.
  TaskPromise* awaited = nullptr;  ///< The coroutine that this one awaits, if it is one alone.
  TaskPromise** owner = nullptr;   ///< Where the caller of an awaited coroutine keeps it.
  std::exception_ptr exception;    ///< What left the coroutine.
  QuestionKey question;            ///< For a root: whose question it works for.

 private:
  void finish() noexcept;
};

/// Lets a handler run that is a coroutine.
void start_root(Agent& agent, TaskPromise& root, QuestionKey question);
/// Lets a coroutine run that is no handler.
void start_detached(Agent& agent, TaskPromise& root);

/// The result of a coroutine that returns any C++ value.
template <class R>
class Promise : public TaskPromise {
 public:
  static_assert(std::is_object_v<R>, "a Task returns a value, not a reference");
  using Value = R;
  Task<R> get_return_object() noexcept;
  template <class V = R>
  requires std::is_constructible_v<R, V>
  void return_value(V&& value) { value_.emplace(std::forward<V>(value)); }
  [[nodiscard]] Value take() { return *std::move(value_); }

 private:
  std::optional<R> value_;
};

template <>
class Promise<void> : public TaskPromise {
 public:
  using Value = void;
  Task<void> get_return_object() noexcept;
  void return_void() const noexcept {}
  void take() const noexcept {}
};

/// A held message as a frame that holds nothing else.
template <class R>
[[nodiscard]] Frame frame_of(const Held<R>& held) {
  if (!held.frame().is_batch()) return held.frame();
  ArenaBuilder copy{kTypeId<R>, {}, (*held).totalSize().wordCount + 1};
  copy.setRoot(*held);
  return copy.finish(1, false);
}

/// The result of a coroutine that answers with a message.
template <class R>
requires kIsMessage<R>
class Promise<R> : public TaskPromise {
 public:
  using Value = Result<Held<R>>;
  Task<R> get_return_object() noexcept;

  template <class V>
  void return_value(V&& value) {
    using Given = std::remove_cvref_t<V>;
    if (waker == nullptr && !reply.wanted()) return;
    if constexpr (std::is_same_v<Given, Frame>) {
      settle(std::forward<V>(value));
    } else if constexpr (std::is_same_v<Given, Held<R>>) {
      settle(frame_of(value));
    } else if constexpr (std::is_same_v<Given, Result<Held<R>>>) {
      if (value) return settle(frame_of(*value));
      refuse(std::forward<V>(value).error());
    } else if constexpr (std::is_same_v<Given, tl::unexpected<Error>>) {
      refuse(std::forward<V>(value).value());
    } else {
      static_assert(std::is_invocable_v<V, typename R::Builder>,
                    "a Task<R> ends with co_return of a lambda that takes an R::Builder, a Frame, a Held<R>, a "
                    "Result<Held<R>> or myelin::fail(...)");
      if (waker != nullptr) {
        outcome_ = make_frame<R>(std::forward<V>(value));
      } else {
        reply.send(std::forward<V>(value));
      }
    }
  }

  [[nodiscard]] Value take() { return as_message<R>(std::move(outcome_)); }

  Reply<R> reply;  ///< For a root.

 private:
  void settle(Frame frame) {
    if (waker != nullptr) {
      outcome_ = std::move(frame);
    } else {
      reply.send(std::move(frame));
    }
  }
  void refuse(Error error) {
    if (waker != nullptr) {
      outcome_ = tl::unexpected{std::move(error)};
    } else {
      reply.fail(std::move(error));
    }
  }

  Result<Frame> outcome_;
};

/// Makes something that can be waited for a thing that co_await takes. Derived has ready(), begin(Waker&) and take().
template <class Derived>
class Awaitable {
 public:
  [[nodiscard]] bool await_ready() const { return derived().ready(); }
  template <class P>
  void await_suspend(std::coroutine_handle<P> caller) {
    static_assert(std::is_base_of_v<TaskPromise, P>,
                  "an agent's ask, sleep, offload and Tasks are awaited in coroutines that return myelin::Task");
    derived().begin_alone(caller.promise());
  }
  decltype(auto) await_resume() { return derived().take(); }

  void begin_alone(TaskPromise& caller) { derived().begin(caller); }

 protected:
  Awaitable() = default;

 private:
  [[nodiscard]] Derived& derived() noexcept { return static_cast<Derived&>(*this); }
  [[nodiscard]] const Derived& derived() const noexcept { return static_cast<const Derived&>(*this); }
};

}  // namespace detail

/// What a coroutine of an agent returns. It does nothing until it is awaited (by another coroutine of the same agent),
/// given to Agent::start(), or returned by a handler; dropped, it is destroyed with all that lives in it.
///
/// - `Task<>`: nothing.
/// - `Task<R>` with a Cap'n Proto struct R: a message. `co_return` takes a lambda that fills it in
///   (`void fill(R::Builder)`, called at once), a ready Frame, a Held<R>, a Result<Held<R>>, or myelin::fail(...).
///   Awaiting it gives a Result<Held<R>>, as asking does; as a handler it answers the question.
/// - `Task<T>` with any other type: awaiting it gives that T.
///
/// An exception that leaves the coroutine goes to the one that awaits it; where none does, it fails the agent.
///
/// **Thread-safety**: actor-confined. **Cost**: one block of the pool for the coroutine's frame.
template <class R = void>
class [[nodiscard]] Task : public detail::Awaitable<Task<R>> {
 public:
  using promise_type = detail::Promise<R>;
  using Value = typename promise_type::Value;

  Task() noexcept = default;
  Task(Task&& other) noexcept : promise_{std::exchange(other.promise_, nullptr)} {}
  Task& operator=(Task&& other) noexcept {
    std::swap(promise_, other.promise_);
    return *this;
  }
  ~Task() { cancel(); }

  // What co_await, all() and any() use.
  [[nodiscard]] bool ready() const noexcept { return promise_ != nullptr && promise_->handle.done(); }
  [[nodiscard]] bool failed() const noexcept { return ready() && promise_->exception != nullptr; }
  void begin(detail::Waker& waker) {
    if (promise_ == nullptr || promise_->waker != nullptr) throw std::logic_error{"a Task can be awaited once"};
    promise_->begin(waker);
  }
  void begin_alone(detail::TaskPromise& caller) {
    begin(caller);
    caller.awaited = promise_;
    promise_->owner = &promise_;
  }
  Value take() {
    if (promise_->owner != nullptr) static_cast<detail::TaskPromise*>(promise_->waker)->awaited = nullptr;
    const Task ended{std::move(*this)};
    if (ended.promise_->exception != nullptr) std::rethrow_exception(ended.promise_->exception);
    return static_cast<promise_type*>(ended.promise_)->take();
  }
  /// Destroys the coroutine.
  void cancel() noexcept {
    if (promise_ != nullptr) detail::TaskPromise::destroy(std::exchange(promise_, nullptr));
  }

  // For the runtime.
  explicit Task(promise_type& promise) noexcept : promise_{&promise} {
    promise.handle = std::coroutine_handle<promise_type>::from_promise(promise);
  }
  [[nodiscard]] promise_type* release() noexcept {
    return static_cast<promise_type*>(std::exchange(promise_, nullptr));
  }

 private:
  detail::TaskPromise* promise_ = nullptr;
};

namespace detail {
template <class R>
Task<R> Promise<R>::get_return_object() noexcept {
  return Task<R>{*this};
}
template <class R>
requires kIsMessage<R> Task<R> Promise<R>::get_return_object()
noexcept { return Task<R>{*this}; }
inline Task<void> Promise<void>::get_return_object() noexcept { return Task<void>{*this}; }
}  // namespace detail

}  // namespace myelin
