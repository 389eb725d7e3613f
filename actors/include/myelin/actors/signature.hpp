/// What the signature of a handler says: the message it takes, how it takes it, and how it answers.
#pragma once

#include <cstddef>
#include <type_traits>

#include "myelin/actors/reply.hpp"
#include "myelin/actors/task.hpp"
#include "myelin/serialization/batch.hpp"

namespace myelin {

class Agent;

namespace detail {

/// What a handler's first parameter says about how it wants its messages.
template <class Parameter>
struct MessageParameter {
  static_assert(sizeof(Parameter) == 0,
                "a handler's first parameter must be T::Reader, Held<T> or Batch<T> of a Cap'n Proto struct T");
};
template <class Parameter>
requires requires { typename capnp::FromReader<Parameter>; }
struct MessageParameter<Parameter> {
  using Message = capnp::FromReader<Parameter>;
  enum { kEach = 1, kHeld = 0, kBatch = 0 };
};
template <class T>
struct MessageParameter<Held<T>> {
  using Message = T;
  enum { kEach = 0, kHeld = 1, kBatch = 0 };
};
template <class T>
struct MessageParameter<Batch<T>> {
  using Message = T;
  enum { kEach = 0, kHeld = 0, kBatch = 1 };
};

template <class Parameter>
inline constexpr bool kIsReply = false;
template <class R>
inline constexpr bool kIsReply<Reply<R>> = true;

/// R of Reply<R>.
template <class T>
struct AnswerOf {
  using Message = void;
};
template <class R>
struct AnswerOf<Reply<R>> {
  using Message = R;
};

template <class R>
inline constexpr bool kIsAnswer = std::is_void_v<R>;
template <class R>
requires kIsMessage<R>
inline constexpr bool kIsAnswer<R> = true;

/// What a handler returns.
template <class Returned>
struct ReturnOf {
  static_assert(std::is_void_v<Returned>, "a handler returns void, or is a coroutine that returns myelin::Task<...>");
  static constexpr bool kTask = false;
  static constexpr bool kAnswers = false;
  using AnswerMessage = void;
};
template <class R>
struct ReturnOf<Task<R>> {
  static_assert(kIsAnswer<R>, "a coroutine handler returns Task<>, or Task<R> with a Cap'n Proto struct R");
  static constexpr bool kTask = true;
  static constexpr bool kAnswers = !std::is_void_v<R>;
  using AnswerMessage = R;
};

/// A handler's signature, without its agent.
template <class Returned, class... Parameters>
struct Signature {
  static_assert(sizeof(ReturnOf<Returned>) == 0,
                "a handler takes a message and, if it answers questions, a Reply<R>; nothing else");
};
template <class Returned, class M>
struct Signature<Returned, M> {
  using Kind = MessageParameter<std::remove_cvref_t<M>>;
  using Message = typename Kind::Message;
  using Answer = void;                                               ///< The type of the second parameter.
  using AnswerMessage = typename ReturnOf<Returned>::AnswerMessage;  ///< The message that is the answer, or void.
  static constexpr bool kTask = ReturnOf<Returned>::kTask;
  static constexpr bool kAnswers = ReturnOf<Returned>::kAnswers;
  static_assert(
      !kTask || (!Kind::kEach && !std::is_reference_v<M>),
      "a coroutine handler must take Held<T> or Batch<T>, by value: a T::Reader, or a reference, would dangle "
      "once the coroutine has waited");
};
template <class Returned, class M, class R>
struct Signature<Returned, M, R> : Signature<Returned, M> {
  using Answer = R;
  using AnswerMessage = typename AnswerOf<R>::Message;
  static constexpr bool kAnswers = true;
  static_assert(kIsReply<R>, "a handler's second parameter must be Reply<R>, taken by value");
  static_assert(!ReturnOf<Returned>::kAnswers,
                "a coroutine handler answers as a Task<R> by co_return, or as a Task<> by its Reply<R>: not both");
};

/// The parts of a member function, or of a lambda's call.
template <class F>
struct FunctionParts {
  static_assert(sizeof(F*) == 0, "a handler is a member function or a lambda, neither overloaded nor generic");
};
template <class Returned, class Class, class... Parameters>
struct FunctionParts<Returned (Class::*)(Parameters...)> {
  using Owner = Class;
  using Handling = Signature<Returned, Parameters...>;
};
template <class Returned, class Class, class... Parameters>
struct FunctionParts<Returned (Class::*)(Parameters...) const> : FunctionParts<Returned (Class::*)(Parameters...)> {};
template <class Returned, class Class, class... Parameters>
struct FunctionParts<Returned (Class::*)(Parameters...) noexcept> : FunctionParts<Returned (Class::*)(Parameters...)> {
};
template <class Returned, class Class, class... Parameters>
struct FunctionParts<Returned (Class::*)(Parameters...) const noexcept>
    : FunctionParts<Returned (Class::*)(Parameters...)> {};

/// The parts of a lambda's call, whose first parameter may be the agent.
template <class F>
struct LambdaParts : FunctionParts<F> {};
template <class Returned, class Class, class... Parameters>
struct LambdaParts<Returned (Class::*)(Parameters...)> {
  using Self = void;
  using Handling = Signature<Returned, Parameters...>;
};
template <class Returned, class Class, class A, class... Parameters>
requires std::is_base_of_v<Agent, A>
struct LambdaParts<Returned (Class::*)(A&, Parameters...)> {
  using Self = A;
  using Handling = Signature<Returned, Parameters...>;
};
template <class Returned, class Class, class... Parameters>
struct LambdaParts<Returned (Class::*)(Parameters...) const> : LambdaParts<Returned (Class::*)(Parameters...)> {};
template <class Returned, class Class, class... Parameters>
struct LambdaParts<Returned (Class::*)(Parameters...) noexcept> : LambdaParts<Returned (Class::*)(Parameters...)> {};
template <class Returned, class Class, class... Parameters>
struct LambdaParts<Returned (Class::*)(Parameters...) const noexcept>
    : LambdaParts<Returned (Class::*)(Parameters...)> {};

template <class Lambda>
struct LambdaOf {
  static_assert(
      requires { &Lambda::operator(); }, "a handler is a member function or a lambda, neither overloaded nor generic");
  using Parts = LambdaParts<decltype(&Lambda::operator())>;
  using Self = typename Parts::Self;
  using Handling = typename Parts::Handling;
};

}  // namespace detail

}  // namespace myelin
