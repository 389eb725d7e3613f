/// Which of an agent's member functions takes which message: one static table a class.
#pragma once

#include <algorithm>
#include <string>
#include <type_traits>
#include <vector>

#include <capnp/schema.h>

#include "myelin/actors/reply.hpp"
#include "myelin/serialization/batch.hpp"

namespace myelin {

class Agent;

/// One row of the table.
struct Handler {
  TypeId type;
  /// Reads the frame and calls the member function, once or for each message. **Requires**: the frame is of `type` and
  /// checked, if it is foreign.
  void (*run)(Agent& agent, Frame&& frame, ReplyAddress&& reply);
  /// The schema to check foreign frames against.
  capnp::StructSchema (*schema)();
};

/// The schema's name of the messages that a handler takes, e.g. "Greeting".
[[nodiscard]] std::string message_name(const Handler& handler);

/// All handlers of a class. **Thread-safety**: immutable once built.
class HandlerTable {
 public:
  /// **Errors**: throws std::logic_error for a second handler of one type.
  void add(const Handler& handler);
  [[nodiscard]] const Handler* find(TypeId type) const noexcept {
    // Few rows: a linear search beats any index.
    for (const Handler& handler : rows_) {
      if (handler.type == type) return &handler;
    }
    return nullptr;
  }

  [[nodiscard]] std::size_t size() const noexcept { return rows_.size(); }
  [[nodiscard]] const Handler& operator[](std::size_t index) const noexcept { return rows_[index]; }
  /// **Requires**: the handler is one of this table.
  [[nodiscard]] std::size_t index_of(const Handler& handler) const noexcept {
    return static_cast<std::size_t>(&handler - rows_.data());
  }

 private:
  std::vector<Handler> rows_;
};

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

template <class F>
struct MemberFunction {
  static_assert(sizeof(F) == 0, "a handler is a member function that returns void and is not overloaded");
};
template <class A, class M>
struct MemberFunction<void (A::*)(M)> {
  using Owner = A;
  using Parameter = std::remove_cvref_t<M>;
  using Answer = void;
};
template <class A, class M, class R>
struct MemberFunction<void (A::*)(M, R)> {
  static_assert(kIsReply<std::remove_cvref_t<R>>, "a handler's second parameter must be Reply<R>, taken by value");
  using Owner = A;
  using Parameter = std::remove_cvref_t<M>;
  using Answer = std::remove_cvref_t<R>;
};

/// Whether the agent was told to stop, or has failed. Stays valid while a handler runs.
[[nodiscard]] const bool& is_stopping(const Agent& agent) noexcept;
/// Puts the messages of a batch from `first` on, which the agent did not live to handle, into the dead letters.
void report_unhandled(Agent& agent, const Frame& frame, std::size_t first) noexcept;

/// Goes through the messages of a frame until the agent stops or throws; then the rest are dead letters.
template <class Each>
void for_each_message(Agent& agent, const Frame& frame, Each&& each) {
  const bool& stopping = is_stopping(agent);
  const std::size_t count = frame.size();
  std::size_t next = 0;
  try {
    while (next < count && !stopping) each(next++);
  } catch (...) {
    report_unhandled(agent, frame, next);
    throw;
  }
  if (next < count) report_unhandled(agent, frame, next);
}

template <auto kFunction>
void run_handler(Agent& agent, Frame&& frame, ReplyAddress&& reply) {
  using Function = MemberFunction<decltype(kFunction)>;
  using Parameter = MessageParameter<typename Function::Parameter>;
  using T = typename Parameter::Message;
  auto& self = static_cast<typename Function::Owner&>(agent);
  const auto call = [&](auto&& message) {
    if constexpr (std::is_void_v<typename Function::Answer>) {
      (self.*kFunction)(std::forward<decltype(message)>(message));
    } else {
      (self.*kFunction)(std::forward<decltype(message)>(message), typename Function::Answer{std::move(reply)});
    }
  };
  if constexpr (Parameter::kBatch) {
    call(Batch<T>{frame});  // shared, for the handler may move its batch away and then ask for the current header
  } else if constexpr (Parameter::kHeld) {
    for_each_message(agent, frame, [&](std::size_t index) { call(Held<T>{frame, index}); });
  } else {
    if (!frame.is_batch() && frame.block()->has(FrameBlock::kFlat)) [[likely]] {
      const capnp::word* words = frame.block()->only.data();
      if constexpr (flat::kIsFlat<T>) {
        const std::uint64_t pointer = flat::load(words);
        call(flat::reader_over<T>(words + 1 + flat::offset_of(pointer), flat::data_words_of(pointer)));
      } else {
        call(capnp::readMessageUnchecked<T>(words));
      }
      return;
    }
    const Batch<T> batch{std::move(frame)};
    for_each_message(agent, batch.frame(), [&](std::size_t index) { call(batch[index]); });
  }
  if constexpr (std::is_void_v<typename Function::Answer>) {
    // Somebody asked a handler that has no answer to give.
    if (reply.wanted()) reply.fail({Errc::no_reply, "the handler for this message gives no answers: tell, do not ask"});
  }
}

}  // namespace detail

/// Collects the handlers of agent class A:
///
///     static void handlers(myelin::Handlers<Greeter>& on) {
///       on.message<&Greeter::greet>();    // void greet(Hello::Reader, Reply<Greeting>)
///     }
///
/// A handler's first parameter says how it takes messages: `T::Reader` one by one, read in place; `Held<T>` one by one,
/// and it may keep them; `Batch<T>` all that came in one frame. A second parameter `Reply<R>` makes it answer
/// questions; it must be taken by value, and may be kept to answer later. The compiler reports any other signature.
template <class A>
class Handlers {
 public:
  explicit Handlers(HandlerTable& table) noexcept : table_{table} {}

  template <auto kFunction>
  void message() {
    using Function = detail::MemberFunction<decltype(kFunction)>;
    static_assert(std::is_base_of_v<typename Function::Owner, A>, "the handler is a member of another class");
    using T = typename detail::MessageParameter<typename Function::Parameter>::Message;
    table_.add({kTypeId<T>, &detail::run_handler<kFunction>, [] { return capnp::Schema::from<T>().asStruct(); }});
  }

 private:
  HandlerTable& table_;
};

}  // namespace myelin
