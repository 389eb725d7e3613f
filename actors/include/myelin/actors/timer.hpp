/// When a repeating timer is due.
#pragma once

#include <cstdint>
#include <type_traits>
#include <utility>

#include "myelin/actors/continuation.hpp"
#include "myelin/base/time.hpp"

namespace myelin {

/// How a timer repeats.
struct Repeat {
  /// Each call comes up to this fraction of the period late, by chance, from 0 to 1: so that many agents started
  /// together do not all work at the same moments. The mean rate stays the same.
  double jitter = 0;
};

/// The moments of a repeating timer: multiples of the period after the start, each with its own jitter. Pure.
class Ticks {
 public:
  /// `seed`: the same seed gives the same jitter.
  /// **Errors**: throws std::invalid_argument unless period > 0 and 0 <= jitter <= 1.
  Ticks(TimePoint start, Duration period, double jitter, std::uint64_t seed);

  /// The next moment. Those that lie before `now` are passed over, so that after a stall there is one call and not a
  /// burst; those that come keep their places, so that the timer does not drift.
  [[nodiscard]] TimePoint next(TimePoint now);

 private:
  [[nodiscard]] Duration jitter() noexcept;

  TimePoint base_;  // of the moment last given, without its jitter
  Duration period_;
  Duration jitter_max_;
  std::uint64_t state_;
};

namespace detail {

template <class Then>
class OnEachTick final : public Continuation {
 public:
  template <class Call>
  OnEachTick(Ticks ticks, Call&& call) : ticks_{ticks}, then_{std::forward<Call>(call)} {
    require_no_coroutine<Then>();
  }
  void resume(Result<Frame> /*nothing*/) override { then_(); }
  [[nodiscard]] bool continues_handler() const noexcept override { return false; }
  [[nodiscard]] TimePoint next_due(TimePoint now) override { return ticks_.next(now); }

 private:
  Ticks ticks_;
  Then then_;
};

}  // namespace detail

}  // namespace myelin
