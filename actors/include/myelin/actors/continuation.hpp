/// What an agent does when an answer, a timer or a job comes back.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <variant>

#include "myelin/base/result.hpp"
#include "myelin/base/time.hpp"
#include "myelin/serialization/batch.hpp"
#include "myelin/serialization/block_pool.hpp"
#include "myelin/serialization/guard.hpp"

namespace myelin {

/// Waits in an agent for one answer or one moment. Called at most once, or at each moment of a repeating timer, in a
/// turn of the agent.
class Continuation : public Pooled {
 public:
  virtual ~Continuation() = default;
  /// `outcome`: the answer, or why there is none; an empty frame for a timer.
  virtual void resume(Result<Frame> outcome) = 0;
  /// Whether what it does still belongs to the handling of the message in which it was made, so that it asks under the
  /// same deadline, for the same callers, in the same trace. Timers that go on by themselves do not.
  [[nodiscard]] virtual bool continues_handler() const noexcept { return true; }
  /// For a repeating timer, after resume(): the moment of its next call.
  [[nodiscard]] virtual TimePoint next_due(TimePoint /*now*/) { return kNever; }
};

/// Work for another thread, and what the agent does with its result.
class Job {
 public:
  virtual ~Job() = default;
  /// Called once, on a thread of the job pool.
  virtual void work() = 0;
  /// Called once after work(), in a turn of the agent; not at all if the agent has stopped.
  virtual void finish() = 0;
};

template <class R>
class Task;

namespace detail {
/// Whether T is a struct that the Cap'n Proto compiler made.
template <class T>
inline constexpr bool kIsMessage = requires {
  typename T::Reader;
  typename T::Builder;
  T::_capnpPrivate::typeId;
};

template <class T>
inline constexpr bool kIsTask = false;
template <class R>
inline constexpr bool kIsTask<Task<R>> = true;

/// What is called once must not be a coroutine: its captures end with the call.
template <class Then, class... Arguments>
constexpr void require_no_coroutine() {
  static_assert(!kIsTask<std::invoke_result_t<Then&, Arguments...>>,
                "a callback must not be a coroutine, whose captures would be gone when it goes on: let it start() one");
}
}  // namespace detail

/// A frame as a message of type R, if it is one. **Errors**: wrong_answer_type, bad_frame.
template <class R>
[[nodiscard]] Result<Held<R>> as_message(Result<Frame> outcome) {
  static_assert(detail::kIsMessage<R>, "an answer is a struct that the Cap'n Proto compiler made");
  if (!outcome) return tl::unexpected{std::move(outcome).error()};
  if (!*outcome || outcome->type() != kTypeId<R>) {
    return myelin::fail(Errc::wrong_answer_type, "the answer is of another type than the one asked for");
  }
  if (const Result<void> checked = check_as<R>(*outcome); !checked) return tl::unexpected{checked.error()};
  return Held<R>{*std::move(outcome)};
}

template <class R, class Then>
[[nodiscard]] std::unique_ptr<Continuation> make_answer_continuation(Then&& then) {
  detail::require_no_coroutine<std::decay_t<Then>, Result<Held<R>>>();
  class OnAnswer final : public Continuation {
   public:
    explicit OnAnswer(Then&& call) : then_{std::forward<Then>(call)} {}
    void resume(Result<Frame> outcome) override { then_(as_message<R>(std::move(outcome))); }

   private:
    std::decay_t<Then> then_;
  };
  return std::make_unique<OnAnswer>(std::forward<Then>(then));
}

template <class Then>
[[nodiscard]] std::unique_ptr<Continuation> make_timer_continuation(Then&& then) {
  detail::require_no_coroutine<std::decay_t<Then>>();
  class OnTime final : public Continuation {
   public:
    explicit OnTime(Then&& call) : then_{std::forward<Then>(call)} {}
    void resume(Result<Frame> /*nothing*/) override { then_(); }
    [[nodiscard]] bool continues_handler() const noexcept override { return false; }

   private:
    std::decay_t<Then> then_;
  };
  return std::make_unique<OnTime>(std::forward<Then>(then));
}

template <class Work, class Then>
[[nodiscard]] std::unique_ptr<Job> make_job(Work&& work, Then&& then) {
  using Value = std::invoke_result_t<std::decay_t<Work>&>;
  class Offloaded final : public Job {
   public:
    Offloaded(Work&& call, Then&& next) : work_{std::forward<Work>(call)}, then_{std::forward<Then>(next)} {}
    void work() override {
      if constexpr (std::is_void_v<Value>) {
        work_();
      } else {
        value_.emplace(work_());
      }
    }
    void finish() override {
      if constexpr (std::is_void_v<Value>) {
        then_();
      } else {
        then_(*std::move(value_));
      }
    }

   private:
    std::decay_t<Work> work_;
    std::decay_t<Then> then_;
    std::conditional_t<std::is_void_v<Value>, std::monostate, std::optional<Value>> value_;
  };
  return std::make_unique<Offloaded>(std::forward<Work>(work), std::forward<Then>(then));
}

namespace detail {

/// "greeting::Greeter" for typeid(greeting::Greeter).
[[nodiscard]] std::string class_name(const std::type_info& type);

template <class Function>
struct OnlyParameter;
template <class F, class P>
struct OnlyParameter<void (F::*)(P) const> {
  using Type = P;
};
template <class F, class P>
struct OnlyParameter<void (F::*)(P)> {
  using Type = P;
};

template <class F, class P>
struct OnlyParameter<void (F::*)(P) const noexcept> {
  using Type = P;
};
template <class F, class P>
struct OnlyParameter<void (F::*)(P) noexcept> {
  using Type = P;
};

template <class Builder>
struct BuiltBy {
  using Type = void;
};
template <class Builder>
requires requires { typename capnp::FromBuilder<Builder>; }
struct BuiltBy<Builder> {
  using Type = capnp::FromBuilder<Builder>;
};

/// The message type that `fill` fills in: T where it was given, else found from fill's parameter.
template <class T, class Fill>
struct MessageOf {
  static_assert(kIsMessage<T>, "a message is a struct that the Cap'n Proto compiler made");
  using Type = T;
};
template <class Fill>
struct MessageOf<void, Fill> {
  static_assert(
      requires { &std::remove_reference_t<Fill>::operator(); },
      "say which message this is: tell<T>(...), or take a T::Builder in the lambda");
  using Parameter =
      std::remove_cvref_t<typename OnlyParameter<decltype(&std::remove_reference_t<Fill>::operator())>::Type>;
  static_assert(
      requires { typename capnp::FromBuilder<Parameter>; },
      "the lambda that fills in a message takes the Builder of a struct that the Cap'n Proto compiler made");
  using Type = typename BuiltBy<Parameter>::Type;
};

}  // namespace detail

}  // namespace myelin
