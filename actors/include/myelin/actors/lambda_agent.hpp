/// Agents made of lambdas, for those too small to deserve a class.
#pragma once

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include "myelin/actors/agent.hpp"

namespace myelin {

/// An agent whose own functions are public: what a lambda of a LambdaAgent takes as `Self& self`, to tell, ask and
/// stop.
class Self : public Agent {
 public:
  using Agent::after;
  using Agent::ask;
  using Agent::cancel;
  using Agent::child;
  using Agent::current_header;
  using Agent::every;
  using Agent::fail;
  using Agent::flush;
  using Agent::id;
  using Agent::link;
  using Agent::now;
  using Agent::offload;
  using Agent::room_at;
  using Agent::self;
  using Agent::send;
  using Agent::sleep;
  using Agent::spawn;
  using Agent::spawn_supervised;
  using Agent::spawn_with;
  using Agent::start;
  using Agent::start_child;
  using Agent::stop;
  using Agent::supervise;
  using Agent::tell;
  using Agent::watch;
};

namespace detail {
/// Whether each message type has one handler.
template <class... Messages>
inline constexpr bool kDifferent = true;
template <class First, class... Others>
inline constexpr bool kDifferent<First, Others...> = !(std::is_same_v<First, Others> || ...) && kDifferent<Others...>;
}  // namespace detail

/// Each lambda is a handler, with captures or without, and may take `Self& self` before its message. Captures are the
/// agent's state; they live as long as it does, so coroutines may use them too.
///
///     mesh.spawn_handlers([count = 0](Tick::Reader) mutable { ++count; },
///                         [](Hello::Reader, Reply<Greeting> reply) { ... });
template <class... Lambdas>
class LambdaAgent final : public Self {
 public:
  explicit LambdaAgent(Lambdas... lambdas) : lambdas_{std::move(lambdas)...} {}

  static void handlers(Handlers<LambdaAgent>& on) {
    static_assert(detail::kDifferent<typename detail::LambdaOf<Lambdas>::Handling::Message...>,
                  "two lambdas take the same type of message: an agent has one handler for each");
    static_assert(((std::is_void_v<typename detail::LambdaOf<Lambdas>::Self> ||
                    std::is_same_v<typename detail::LambdaOf<Lambdas>::Self, Self>)&&...),
                  "a lambda of an agent made of lambdas takes the agent as `myelin::Self& self`");
    [&]<std::size_t... kIndex>(std::index_sequence<kIndex...>) {
      (on.template add<typename detail::LambdaOf<Lambdas>::Handling>(&run<kIndex>), ...);
    }
    (std::index_sequence_for<Lambdas...>{});
  }

 private:
  template <std::size_t kIndex>
  static void run(Agent& agent, Frame&& frame, ReplyAddress&& reply) {
    detail::run_lambda(agent, std::move(frame), std::move(reply),
                       std::get<kIndex>(static_cast<LambdaAgent&>(agent).lambdas_));
  }

  std::tuple<Lambdas...> lambdas_;
};

}  // namespace myelin
