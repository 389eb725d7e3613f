/// What agents that watch over others decide by: which children restart when one fails, how often, after what wait.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "myelin/actors/spawn_options.hpp"
#include "myelin/base/time.hpp"

namespace myelin {

class Agent;
struct AgentClass;
template <class A>
const AgentClass& agent_class();

/// Which children are restarted when one fails.
enum class Strategy : std::uint8_t {
  one_for_one,   ///< That one.
  one_for_all,   ///< All: they are useless without each other.
  rest_for_one,  ///< That one and those started after it, which build on it.
};

/// When a child is started again.
enum class RestartWhen : std::uint8_t {
  always,      ///< Also when it stops of its own accord; not when it is told to from outside.
  on_failure,  ///< When it fails.
  never,
};

/// How long to wait before a restart. The first failure waits `initial`, each further one `factor` times as long, at
/// most `max`; a child that ran for the policy's period without failing starts anew. Without `initial`: no wait.
struct Backoff {
  Duration initial{0};
  double factor = 2;
  Duration max = std::chrono::seconds{30};
  /// From 0 to 1: how much of the wait is left to chance, so that those that failed together do not return together. At
  /// 0.2, a wait is between 0.8 and 1.2 times what the above says, and never above `max`.
  double jitter = 0;

  /// The wait before restart number `attempt`, from 1. `chance`: anything from 0 to 1.
  [[nodiscard]] Duration delay(unsigned attempt, double chance) const noexcept;
};

/// What a supervising agent does about its children's failures. Once more failures come within `period` than
/// `restarts_max`, it fails itself: its own supervisor decides then, or, if it has none, its children are stopped.
struct SupervisionPolicy {
  Strategy strategy = Strategy::one_for_one;
  std::uint32_t restarts_max = 3;
  Duration period = std::chrono::seconds{5};
  Backoff backoff = {};
  /// How long to wait for a child that is told to end and is still in a handler, before going on without it.
  Duration stop_limit = std::chrono::seconds{5};
  /// Of the chance in `backoff.jitter`.
  std::uint64_t seed = 1;
};

/// How to make one child, each time that it is started.
struct ChildSpec {
  /// To find it by; unique among the children of an agent, or empty.
  std::string name;
  const AgentClass* agent_class = nullptr;
  /// May throw: that counts as a failure of the child.
  std::function<std::unique_ptr<Agent>()> make;
  RestartWhen restart = RestartWhen::on_failure;
  SpawnOptions options = {};
};

/// A child of class A, made from copies of `args` each time: what is to be shared is given as std::ref or a pointer.
/// A child keeps its mailbox over restarts, and what waits there.
template <class A, class... Args>
[[nodiscard]] ChildSpec child_spec(std::string name, Args&&... args) {
  static_assert((std::is_copy_constructible_v<std::decay_t<Args>> && ...),
                "each restart makes the child from copies of these: give std::ref(x) or a std::shared_ptr instead");
  return {.name = std::move(name),
          .agent_class = &agent_class<A>(),
          .make = [values = std::tuple<std::decay_t<Args>...>{std::forward<Args>(args)...}]() {
            return std::apply(
                [](const auto&... copied) -> std::unique_ptr<Agent> {
                  return std::make_unique<A>(std::decay_t<decltype(copied)>{copied}...);
                },
                values);
          }};
}

/// A supervisor's policy and children, written down in one expression:
///
///     SupervisorSpec{}.one_for_all().restarts(5, 10s).child<Reader>("reader", path).child<Writer>("writer")
struct SupervisorSpec {
  SupervisionPolicy policy;
  /// In the order in which they are started; they are stopped in the reverse order.
  std::vector<ChildSpec> children;

  SupervisorSpec& one_for_one() { return strategy(Strategy::one_for_one); }
  SupervisorSpec& one_for_all() { return strategy(Strategy::one_for_all); }
  SupervisorSpec& rest_for_one() { return strategy(Strategy::rest_for_one); }
  SupervisorSpec& strategy(Strategy chosen) {
    policy.strategy = chosen;
    return *this;
  }
  SupervisorSpec& restarts(std::uint32_t most, Duration within) {
    policy.restarts_max = most;
    policy.period = within;
    return *this;
  }
  SupervisorSpec& backoff(const Backoff& chosen) {
    policy.backoff = chosen;
    return *this;
  }
  template <class A, class... Args>
  SupervisorSpec& child(std::string name, Args&&... args) {
    return add(child_spec<A>(std::move(name), std::forward<Args>(args)...));
  }
  SupervisorSpec& add(ChildSpec spec) {
    children.push_back(std::move(spec));
    return *this;
  }
  /// For the child added last.
  SupervisorSpec& restart(RestartWhen when) {
    children.back().restart = when;
    return *this;
  }
};

}  // namespace myelin
