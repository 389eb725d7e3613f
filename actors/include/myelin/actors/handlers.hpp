/// Which of an agent's functions takes which message: one static table a class.
#pragma once

#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <capnp/schema.h>

#include "myelin/actors/reply.hpp"
#include "myelin/actors/signature.hpp"
#include "myelin/actors/task.hpp"
#include "myelin/serialization/batch.hpp"

namespace myelin {

class Agent;

/// One row of the table.
struct Handler {
  TypeId type;
  /// Reads the frame and calls the function, once or for each message. **Requires**: the frame is of `type` and
  /// checked, if it is foreign.
  void (*run)(Agent& agent, Frame&& frame, ReplyAddress&& reply);
  /// The schema to check foreign frames against; null where the handler takes any type, and checks for itself.
  capnp::StructSchema (*schema)();
  /// The schema of its answers; null where it gives none, or the signature does not say.
  capnp::StructSchema (*answer)();
};

/// The schema's name of the messages that a handler takes, e.g. "Greeting"; "any" for a handler of any type.
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
    return has_any_ ? &rows_.back() : nullptr;
  }
  /// A handler for what no other takes; its type is 0. **Errors**: as add().
  void add_any(const Handler& handler);

  [[nodiscard]] std::size_t size() const noexcept { return rows_.size(); }
  [[nodiscard]] const Handler& operator[](std::size_t index) const noexcept { return rows_[index]; }
  /// **Requires**: the handler is one of this table.
  [[nodiscard]] std::size_t index_of(const Handler& handler) const noexcept {
    return static_cast<std::size_t>(&handler - rows_.data());
  }

 private:
  std::vector<Handler> rows_;
  bool has_any_ = false;  // the last row
};

namespace detail {

template <class T>
[[nodiscard]] capnp::StructSchema schema_of() {
  return capnp::Schema::from<T>().asStruct();
}
/// Null for void.
template <class T>
[[nodiscard]] constexpr auto answer_schema_of() noexcept -> capnp::StructSchema (*)() {
  if constexpr (std::is_void_v<T>) {
    return nullptr;
  } else {
    return &schema_of<T>;
  }
}

/// What the loop over a frame's messages shares with the agent's cell.
struct TurnState {
  bool stopping = false;    ///< The agent was told to stop, or has failed.
  std::uint32_t first = 0;  ///< Where to begin in the frame: a batch whose handler failed goes on behind that message.
};
[[nodiscard]] TurnState& turn_state(const Agent& agent) noexcept;
/// The agent has stopped, failed or `threw` before message `next` of a batch: see to the rest of them, and to the one
/// that it failed at.
void leave_batch(Agent& agent, const Frame& frame, std::size_t next, bool threw) noexcept;

/// Goes through the messages of a frame until the agent stops or throws.
template <class Each>
void for_each_message(Agent& agent, const Frame& frame, Each&& each) {
  TurnState& turn = turn_state(agent);
  const std::size_t count = frame.size();
  std::size_t next = std::exchange(turn.first, 0);
  try {
    while (next < count && !turn.stopping) each(next++);
  } catch (...) {
    leave_batch(agent, frame, next, true);
    throw;
  }
  if (turn.stopping) leave_batch(agent, frame, next, false);
}

/// Calls a handler once: `function(message)` or `function(message, reply)`. A coroutine is started.
template <class Handling, class Function, class Message>
void call_handler(Agent& agent, const Function& function, Message&& message, ReplyAddress& reply) {
  if constexpr (!Handling::kTask) {
    if constexpr (std::is_void_v<typename Handling::Answer>) {
      function(std::forward<Message>(message));
    } else {
      function(std::forward<Message>(message), typename Handling::Answer{std::move(reply)});
    }
  } else if constexpr (!std::is_void_v<typename Handling::Answer>) {
    const QuestionKey question = reply.key();
    auto task = function(std::forward<Message>(message), typename Handling::Answer{std::move(reply)});
    if (auto* promise = task.release(); promise != nullptr) start_root(agent, *promise, question);
  } else {
    auto task = function(std::forward<Message>(message));
    if (auto* promise = task.release(); promise != nullptr) {
      const QuestionKey question = reply.key();
      if constexpr (Handling::kAnswers) promise->reply = decltype(promise->reply){std::move(reply)};
      start_root(agent, *promise, question);
    }
  }
}

/// Calls a handler for all that a frame holds.
template <class Handling, class Function>
void handle_frame(Agent& agent, Frame&& frame, ReplyAddress&& reply, const Function& function) {
  using T = typename Handling::Message;
  const auto call = [&](auto&& message) {
    call_handler<Handling>(agent, function, std::forward<decltype(message)>(message), reply);
  };
  if constexpr (Handling::Kind::kBatch) {
    call(Batch<T>{frame});  // shared, for the handler may move its batch away and then ask for the current header
  } else if constexpr (Handling::Kind::kHeld) {
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
  if constexpr (!Handling::kAnswers) {
    // Somebody asked a handler that has no answer to give.
    if (reply.wanted()) reply.fail({Errc::no_reply, "the handler for this message gives no answers: tell, do not ask"});
  }
}

/// `A`, though kFunction says it too: GCC 12 gives a function whose template has only a member of a class in an unnamed
/// namespace a symbol that is the same in every source, so that two such classes of one name would share their
/// handlers.
template <class A, auto kFunction>
void run_member(Agent& agent, Frame&& frame, ReplyAddress&& reply) {
  using Parts = FunctionParts<decltype(kFunction)>;
  auto& self = static_cast<typename Parts::Owner&>(agent);
  handle_frame<typename Parts::Handling>(agent, std::move(frame), std::move(reply),
                                         [&self](auto&&... parameters) -> decltype(auto) {
                                           return (self.*kFunction)(std::forward<decltype(parameters)>(parameters)...);
                                         });
}

/// `lambda` called as its signature wants it: with or without the agent.
template <class Lambda>
void run_lambda(Agent& agent, Frame&& frame, ReplyAddress&& reply, Lambda& lambda) {
  using Of = LambdaOf<std::remove_const_t<Lambda>>;
  handle_frame<typename Of::Handling>(
      agent, std::move(frame), std::move(reply), [&](auto&&... parameters) -> decltype(auto) {
        if constexpr (std::is_void_v<typename Of::Self>) {
          return lambda(std::forward<decltype(parameters)>(parameters)...);
        } else {
          return lambda(static_cast<typename Of::Self&>(agent), std::forward<decltype(parameters)>(parameters)...);
        }
      });
}

template <class A, auto kFunction>
void run_any(Agent& agent, Frame&& frame, ReplyAddress&& reply) {
  static_assert(std::is_invocable_r_v<void, decltype(kFunction), A&, Frame, ReplyAddress>,
                "a handler for any message is `void take(Frame, ReplyAddress)`");
  (static_cast<A&>(agent).*kFunction)(frame, std::move(reply));  // shared, for the current header is read from it
}

}  // namespace detail

/// Collects the handlers of agent class A:
///
///     static void handlers(myelin::Handlers<Greeter>& on) {
///       on.message<&Greeter::greet>();    // void greet(Hello::Reader, Reply<Greeting>)
///       on.message([](Greeter& self, Tick::Reader tick) { self.ticks_ += tick.getCount(); });
///     }
///
/// A handler's first parameter says how it takes messages: `T::Reader` one by one, read in place; `Held<T>` one by one,
/// and it may keep them; `Batch<T>` all that came in one frame. A second parameter `Reply<R>` makes it answer
/// questions; it must be taken by value, and may be kept to answer later. A handler returns void, or is a coroutine:
/// `Task<R>` answers by `co_return`, `Task<>` has nothing to answer, or a Reply. The compiler reports any other
/// signature.
template <class A>
class Handlers {
 public:
  explicit Handlers(HandlerTable& table) noexcept : table_{table} {}

  /// A member function, const or not.
  template <auto kFunction>
  void message() {
    using Parts = detail::FunctionParts<decltype(kFunction)>;
    static_assert(std::is_base_of_v<typename Parts::Owner, A>, "the handler is a member of another class");
    add<typename Parts::Handling>(&detail::run_member<A, kFunction>);
  }

  /// A lambda without captures, for the table is the class's, not one agent's. Before the message it may take the
  /// agent, as `A& self`; then it can use whatever a member function could.
  template <class Lambda>
  void message(Lambda /*lambda*/) {
    using Of = detail::LambdaOf<Lambda>;
    static_assert(std::is_empty_v<Lambda> && std::is_default_constructible_v<Lambda>,
                  "a lambda of a class of agents has no captures: keep state in the agent, and take it as `A& self`");
    static_assert(std::is_void_v<typename Of::Self> || std::is_base_of_v<typename Of::Self, A>,
                  "the lambda takes an agent of another class");
    add<typename Of::Handling>([](Agent& agent, Frame&& frame, ReplyAddress&& reply) {
      static const Lambda kInstance{};
      detail::run_lambda(agent, std::move(frame), std::move(reply), kInstance);
    });
  }

  /// For the runtime: a handler with this signature, already put in a function.
  template <class Handling>
  void add(void (*run)(Agent& agent, Frame&& frame, ReplyAddress&& reply)) {
    table_.add({kTypeId<typename Handling::Message>, run, &detail::schema_of<typename Handling::Message>,
                detail::answer_schema_of<typename Handling::AnswerMessage>()});
  }

  /// Takes messages of every type that has no handler of its own: `void take(Frame, ReplyAddress)`. The frame may be a
  /// batch; one from outside must be checked with check_as<T>() before it is read.
  template <auto kFunction>
  void any() {
    table_.add_any({0, &detail::run_any<A, kFunction>, nullptr, nullptr});
  }

 private:
  HandlerTable& table_;
};

}  // namespace myelin
