// What the near node asks.
#include <chrono>
#include <future>
#include <thread>
#include <utility>
#include <vector>

#include "bench/messaging.capnp.h"
#include "bench/network/myelin.hpp"

namespace myelin::tool::network_bench {

namespace {

using messaging::Go;
using messaging::Number;

constexpr std::chrono::seconds kLimit{30};
/// Before the first question that counts.
constexpr std::uint64_t kWarmUps = 50;

constexpr auto kZero = [](Number::Builder number) { number.setValue(0); };

/// Asks again and again, or sends a number to and fro in the control lane.
class Player : public Agent {
 public:
  static void handlers(Handlers<Player>& on) {
    on.message<&Player::begin>();
    on.message<&Player::number>();
  }
  Player(AgentRef to, const Questions& questions, Promised<Latencies> done)
      : to_{std::move(to)}, questions_{questions}, done_{std::move(done)} {}

 private:
  void begin(Go::Reader /*go*/) {
    end_ = Clock::now() + questions_.time;
    put();
  }
  void number(Number::Reader /*number*/) { answered(); }

  void put() {
    asked_at_ = Clock::now();
    if (questions_.control) {
      send(to_, make_frame<Number>(kZero, {.lane = Lane::control}));
    } else {
      ask<Number>(to_, kZero, kLimit, [this](Result<Held<Number>> answer) {
        if (!answer) return done_->set_value(tl::unexpected{answer.error()});
        answered();
      });
    }
  }
  void answered() {
    const TimePoint now = Clock::now();
    if (++count_ > kWarmUps) latencies_.add(nanoseconds(now - asked_at_));
    if (!latencies_.empty() && (now >= end_ || questions_.stop.stop_requested())) {
      return done_->set_value(std::move(latencies_));
    }
    put();
  }

  const AgentRef to_;
  const Questions questions_;
  const Promised<Latencies> done_;
  TimePoint asked_at_{};
  TimePoint end_{};
  std::uint64_t count_ = 0;
  Latencies latencies_;
};

/// Asks all of many at once.
class Crowd : public Agent {
 public:
  static void handlers(Handlers<Crowd>& on) { on.message<&Crowd::begin>(); }
  Crowd(std::vector<AgentRef> to, const FanOut& fan_out, Promised<Latencies> done)
      : to_{std::move(to)}, fan_out_{fan_out}, done_{std::move(done)} {}

 private:
  void begin(Go::Reader /*go*/) { put(); }
  void put() {
    asked_at_ = Clock::now();
    open_ = to_.size();
    for (const AgentRef& one : to_) {
      ask<Number>(one, kZero, kLimit, [this](Result<Held<Number>> answer) {
        if (!answer && !failed_) failed_ = std::move(answer).error();
        if (--open_ == 0) answered();
      });
    }
  }
  void answered() {
    if (failed_) return done_->set_value(tl::unexpected{*failed_});
    if (round_++ > 0) latencies_.add(nanoseconds(Clock::now() - asked_at_));  // the first one announces the names
    if (round_ > fan_out_.times || (!latencies_.empty() && fan_out_.stop.stop_requested())) {
      return done_->set_value(std::move(latencies_));
    }
    put();
  }

  const std::vector<AgentRef> to_;
  const FanOut fan_out_;
  const Promised<Latencies> done_;
  TimePoint asked_at_{};
  std::size_t open_ = 0;
  int round_ = 0;
  std::optional<Error> failed_;
  Latencies latencies_;
};

Frame go() {
  return make_frame<Go>([](Go::Builder) {});
}

Result<Latencies> play(Pair& pair, const Questions& questions) {
  const auto to = pair.find(questions.control ? kControlEcho : kEcho);
  if (!to) return tl::unexpected{to.error()};
  const auto done = promise<Latencies>();
  const AgentRef player = pair.mesh().spawn<Player>(*to, questions, done);
  if (auto published = pair.node().publish(kPlayer, player); !published) return tl::unexpected{published.error()};
  pair.mesh().send(player, go());
  return done->get_future().get();
}

/// A question that is never answered, and when it has failed.
std::future<Result<TimePoint>> ask_in_vain(Pair& pair, const AgentRef& silent) {
  return std::async(std::launch::async, [&pair, silent]() -> Result<TimePoint> {
    const auto answer = pair.mesh().ask<Number>(silent, kZero, kLimit);
    const TimePoint now = Clock::now();
    if (answer) return fail(Errc::io_error, "an agent that never answers has answered");
    if (answer.error().code != Errc::outcome_unknown) return tl::unexpected{answer.error()};
    return now;
  });
}

/// Until the question before it is surely there.
Result<void> settle(Pair& pair) {
  constexpr std::chrono::milliseconds kOnItsWay{50};
  std::this_thread::sleep_for(kOnItsWay);
  const auto echo = pair.find(kEcho);
  if (!echo) return tl::unexpected{echo.error()};
  if (const auto answer = pair.mesh().ask<Number>(*echo, kZero, kLimit); !answer) {
    return tl::unexpected{answer.error()};
  }
  return {};
}

/// Asks on and on until there is an answer.
std::future<Result<TimePoint>> ask_until_answered(Pair& pair, const AgentRef& echo, const std::stop_token& stop) {
  return std::async(std::launch::async, [&pair, echo, stop]() -> Result<TimePoint> {
    for (const TimePoint end = Clock::now() + kLimit; Clock::now() < end && !stop.stop_requested();) {
      if (pair.mesh().ask<Number>(echo, kZero, kLimit)) return Clock::now();
      std::this_thread::sleep_for(std::chrono::microseconds{200});
    }
    return fail(Errc::timeout, "a node that was started anew does not answer");
  });
}

}  // namespace

Result<RoundTrips> round_trips(const PairSetup& setup, const Questions& questions) {
  auto pair = Pair::open(setup);
  if (!pair) return tl::unexpected{pair.error()};
  std::unique_ptr<Bulk> bulk;
  if (questions.bulk_bytes != 0) {
    auto started = start_bulk(**pair, questions.bulk_bytes);
    if (!started) return tl::unexpected{started.error()};
    bulk = *std::move(started);
  }
  auto latencies = play(**pair, questions);
  const Result<double> rate = bulk != nullptr ? bulk->finish() : Result<double>{0.0};
  if (!latencies) return tl::unexpected{latencies.error()};
  if (!rate) return tl::unexpected{rate.error()};
  return RoundTrips{*std::move(latencies), *rate};
}

Result<Latencies> fan_out(const PairSetup& setup, const FanOut& question) {
  auto pair = Pair::open(setup);
  if (!pair) return tl::unexpected{pair.error()};
  std::vector<AgentRef> members;
  for (std::size_t i = 0; i < question.agents; ++i) {
    auto member = (*pair)->find(member_name(i));
    if (!member) return tl::unexpected{member.error()};
    members.push_back(*std::move(member));
  }
  const auto done = promise<Latencies>();
  (*pair)->mesh().send((*pair)->mesh().spawn<Crowd>(std::move(members), question, done), go());
  return done->get_future().get();
}

Result<Recovery> recover(const PairSetup& setup, const std::stop_token& stop) {
  auto opened = Pair::open(setup);
  if (!opened) return tl::unexpected{opened.error()};
  Pair& pair = **opened;
  Recovery recovery{.ready = nanoseconds(pair.far().ready_after())};
  const auto silent = pair.find(kSilent), echo = pair.find(kEcho);
  if (!silent) return tl::unexpected{silent.error()};
  if (!echo) return tl::unexpected{echo.error()};
  auto in_vain = ask_in_vain(pair, *silent);
  if (auto settled = settle(pair); !settled) return tl::unexpected{settled.error()};
  const TimePoint killed = Clock::now();
  pair.far().kill();
  const auto noticed = in_vain.get();
  if (!noticed) return tl::unexpected{noticed.error()};
  recovery.noticed = nanoseconds(*noticed - killed);

  const TimePoint started = Clock::now();
  auto again = ask_until_answered(pair, *echo, stop);
  const auto restarted = pair.restart();
  const auto answered = again.get();
  if (!restarted) return tl::unexpected{restarted.error()};
  if (!answered) return tl::unexpected{answered.error()};
  recovery.answered = nanoseconds(*answered - started);
  return recovery;
}

Result<double> notice_silence_ns(const PairSetup& setup, const std::stop_token& /*stop*/) {
  auto opened = Pair::open(setup);
  if (!opened) return tl::unexpected{opened.error()};
  Pair& pair = **opened;
  const auto silent = pair.find(kSilent);
  if (!silent) return tl::unexpected{silent.error()};
  auto in_vain = ask_in_vain(pair, *silent);
  if (auto settled = settle(pair); !settled) return tl::unexpected{settled.error()};
  const TimePoint halted = Clock::now();
  pair.far().halt();
  const auto noticed = in_vain.get();
  if (!noticed) return tl::unexpected{noticed.error()};
  return nanoseconds(*noticed - halted);
}

}  // namespace myelin::tool::network_bench
