#include <algorithm>
#include <caf/io/all.hpp>
#include <caf/openssl/all.hpp>
#include <chrono>
#include <thread>
#include <utility>

#include "bench/network/items.hpp"
#include "bench/network/raw_caf.hpp"
#include "bench/network/raw_caf_actors.hpp"

namespace myelin::tool::network_bench::raw_caf {

namespace {

constexpr std::chrono::seconds kLimit{30};

/// BASP has no flow control: as in `bench messages`, the sender stops at so many unanswered markers, with a window of
/// messages before each; 8 MiB wait at most.
constexpr std::uint64_t kWindowsOpen = 4;
constexpr std::size_t kWindowBytes = std::size_t{2} << 20;
constexpr std::size_t kWindowMessagesMax = 1024;

/// Before the first question that counts.
constexpr std::uint64_t kWarmUps = 50;

struct Flowed {
  std::uint64_t messages = 0;
  Duration time{};
};

/// Sends messages for a while, then asks how many were handled.
class Source : public caf::event_based_actor {
 public:
  Source(caf::actor_config& config, caf::actor to, const Stream& stream, Promised<Flowed> flowed)
      : caf::event_based_actor{config},
        to_{std::move(to)},
        stream_{stream},
        content_(stream.bytes * stream.batch, 'm'),
        window_{std::clamp<std::uint64_t>(kWindowBytes / content_.size(), 1, kWindowMessagesMax)},
        flowed_{std::move(flowed)} {}

  caf::behavior make_behavior() override {
    return {[this](Go) { send_window(); },
            [this](Answer) {
              --markers_open_;
              if (std::exchange(waiting_, false)) send_window();
            }};
  }

 private:
  void send_window() {
    const TimePoint now = Clock::now();
    if (sent_ == 0) began_ = now;
    if (now - began_ >= stream_.time || stream_.stop.stop_requested()) return finish();
    for (std::uint64_t i = 0; i < window_; ++i) send_one();
    send(to_, Marker::value);
    waiting_ = ++markers_open_ == kWindowsOpen;
    if (!waiting_) send(this, Go::value);
  }

  void send_one() {
    if (stream_.bytes == kItemBytes) {
      Bytes items(content_.size());
      fill_in_items(items, sent_ * stream_.batch);
      send(to_, std::move(items));
    } else {
      send(to_, content_);
    }
    ++sent_;
  }

  void finish() {
    request(to_, kLimit, Report::value)
        .then(
            [this](std::uint64_t handled) {
              if (handled != sent_) return flowed_->set_value(fail(Errc::io_error, "CAF lost messages"));
              flowed_->set_value(Flowed{sent_, Clock::now() - began_});
              quit();
            },
            [this](const caf::error& error) {
              flowed_->set_value(tl::unexpected{error_of(system(), "CAF's sink does not answer", error)});
            });
  }

  const caf::actor to_;
  const Stream stream_;
  const Bytes content_;
  const std::uint64_t window_;
  const Promised<Flowed> flowed_;
  TimePoint began_{};
  std::uint64_t sent_ = 0;
  std::uint64_t markers_open_ = 0;
  bool waiting_ = false;
};

/// Asks again and again.
class Player : public caf::event_based_actor {
 public:
  Player(caf::actor_config& config, caf::actor to, const Questions& questions, Promised<Latencies> outcome)
      : caf::event_based_actor{config}, to_{std::move(to)}, questions_{questions}, done_{std::move(outcome)} {}

  caf::behavior make_behavior() override {
    return {[this](Go) {
      end_ = Clock::now() + questions_.time;
      put();
    }};
  }

 private:
  void put() {
    asked_at_ = Clock::now();
    request(to_, kLimit, std::uint64_t{0})
        .then([this](std::uint64_t) { answered(); },
              [this](const caf::error& error) {
                done_->set_value(tl::unexpected{error_of(system(), "CAF's echo does not answer", error)});
              });
  }
  void answered() {
    const TimePoint now = Clock::now();
    if (++count_ > kWarmUps) latencies_.add(nanoseconds(now - asked_at_));
    if (!latencies_.empty() && (now >= end_ || questions_.stop.stop_requested())) {
      done_->set_value(std::move(latencies_));
      return quit();
    }
    put();
  }

  const caf::actor to_;
  const Questions questions_;
  const Promised<Latencies> done_;
  TimePoint asked_at_{};
  TimePoint end_{};
  std::uint64_t count_ = 0;
  Latencies latencies_;
};

/// Asks all of many at once.
class Crowd : public caf::event_based_actor {
 public:
  Crowd(caf::actor_config& config, std::vector<caf::actor> to, const FanOut& fan_out, Promised<Latencies> outcome)
      : caf::event_based_actor{config}, to_{std::move(to)}, fan_out_{fan_out}, done_{std::move(outcome)} {}

  caf::behavior make_behavior() override {
    return {[this](Go) { put(); }};
  }

 private:
  void put() {
    asked_at_ = Clock::now();
    open_ = to_.size();
    for (const caf::actor& one : to_) {
      request(one, kLimit, std::uint64_t{0})
          .then([this](std::uint64_t) { answered(); },
                [this](const caf::error& error) {
                  done_->set_value(tl::unexpected{error_of(system(), "an actor does not answer", error)});
                  quit();
                });
    }
  }
  void answered() {
    if (--open_ != 0) return;
    if (round_++ > 0) latencies_.add(nanoseconds(Clock::now() - asked_at_));
    if (round_ <= fan_out_.times && (latencies_.empty() || !fan_out_.stop.stop_requested())) return put();
    done_->set_value(std::move(latencies_));
    quit();
  }

  const std::vector<caf::actor> to_;
  const FanOut fan_out_;
  const Promised<Latencies> done_;
  TimePoint asked_at_{};
  std::size_t open_ = 0;
  int round_ = 0;
  Latencies latencies_;
};

template <class Outcome, class Asker, class... Args>
Result<Outcome> run(Pair& pair, Args&&... args) {
  const auto done = promise<Outcome>();
  caf::anon_send(pair.system().spawn<Asker>(std::forward<Args>(args)..., done), Go::value);
  return done->get_future().get();
}

/// Whether the process in the same place answers.
bool answers(Pair& pair, std::uint16_t port) {
  const auto front = pair.connect(port);
  if (!front) return false;
  caf::scoped_actor self{pair.system()};
  bool answered = false;
  self->request(*front, kLimit, GetEcho::value)
      .receive([&](const caf::actor&) { answered = true; }, [](const caf::error&) {});
  return answered;
}

}  // namespace

Result<std::unique_ptr<Pair>> Pair::open(const PairSetup& setup) {
  auto far = FarProcess::start(setup);
  if (!far) return tl::unexpected{far.error()};
  std::unique_ptr<Pair> pair{new Pair{setup, *std::move(far)}};
  auto front = pair->connect(pair->far_.port());
  if (!front) return tl::unexpected{front.error()};
  pair->front_ = std::move(*front);
  return pair;
}

Result<caf::actor> Pair::connect(std::uint16_t port) {
  auto front = setup_.near_credentials.empty() ? system_.middleman().remote_actor("127.0.0.1", port)
                                               : caf::openssl::remote_actor(system_, "127.0.0.1", port);
  if (!front) return tl::unexpected{error_of(system_, "CAF does not connect", front.error())};
  return std::move(*front);
}

Result<double> one_way_ns(const PairSetup& setup, const Stream& stream) {
  auto pair = Pair::open(setup);
  if (!pair) return tl::unexpected{pair.error()};
  const auto sink = (*pair)->ask_front<caf::actor>(GetSink::value);
  if (!sink) return tl::unexpected{sink.error()};
  const auto flowed = run<Flowed, Source>(**pair, *sink, stream);
  if (!flowed) return tl::unexpected{flowed.error()};
  return nanoseconds(flowed->time) / static_cast<double>(flowed->messages * stream.batch);
}

Result<RoundTrips> round_trips(const PairSetup& setup, const Questions& questions) {
  auto pair = Pair::open(setup);
  if (!pair) return tl::unexpected{pair.error()};
  const auto echo = (*pair)->ask_front<caf::actor>(GetEcho::value);
  if (!echo) return tl::unexpected{echo.error()};
  const auto sink = (*pair)->ask_front<caf::actor>(GetSink::value);
  if (!sink) return tl::unexpected{sink.error()};
  const auto flowed = promise<Flowed>();
  std::stop_source stop;
  if (questions.bulk_bytes != 0) {
    const Stream stream{.bytes = questions.bulk_bytes, .time = std::chrono::hours{1}, .stop = stop.get_token()};
    caf::anon_send((*pair)->system().spawn<Source>(*sink, stream, flowed), Go::value);
  }
  auto latencies = run<Latencies, Player>(**pair, *echo, questions);
  RoundTrips outcome;
  if (questions.bulk_bytes != 0) {
    stop.request_stop();
    const auto bulk = flowed->get_future().get();
    if (!bulk) return tl::unexpected{bulk.error()};
    outcome.bulk_bytes_a_second =
        static_cast<double>(bulk->messages * questions.bulk_bytes) * 1e9 / nanoseconds(bulk->time);
  }
  if (!latencies) return tl::unexpected{latencies.error()};
  outcome.latencies = *std::move(latencies);
  return outcome;
}

Result<Latencies> fan_out(const PairSetup& setup, const FanOut& question) {
  auto pair = Pair::open(setup);
  if (!pair) return tl::unexpected{pair.error()};
  auto members = (*pair)->ask_front<std::vector<caf::actor>>(GetMembers::value);
  if (!members) return tl::unexpected{members.error()};
  if (members->size() < question.agents) return fail(Errc::invalid_argument, "there are fewer actors over there");
  members->resize(question.agents);
  return run<Latencies, Crowd>(**pair, *std::move(members), question);
}

Result<Recovery> recover(const PairSetup& setup, const std::stop_token& stop) {
  auto opened = Pair::open(setup);
  if (!opened) return tl::unexpected{opened.error()};
  Pair& pair = **opened;
  Recovery recovery{.ready = nanoseconds(pair.far().ready_after())};
  const std::uint16_t port = pair.far().port();
  {
    caf::scoped_actor self{pair.system()};
    self->monitor(pair.front());
    // So that the other process surely knows of it.
    if (const auto echo = pair.ask_front<caf::actor>(GetEcho::value); !echo) return tl::unexpected{echo.error()};
    const TimePoint killed = Clock::now();
    pair.far().kill();
    bool down = false;
    self->receive([&](const caf::down_msg&) { down = true; }, caf::after(kLimit) >> [] {});
    if (!down) return fail(Errc::timeout, "CAF does not notice that a process was killed");
    recovery.noticed = nanoseconds(Clock::now() - killed);
  }
  const TimePoint started = Clock::now();
  const auto far = FarProcess::start(pair.setup(), port);
  if (!far) return tl::unexpected{far.error()};
  while (!answers(pair, port)) {
    if (stop.stop_requested() || Clock::now() - started > kLimit) {
      return fail(Errc::timeout, "CAF does not reach a process that was started anew");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  recovery.answered = nanoseconds(Clock::now() - started);
  return recovery;
}

}  // namespace myelin::tool::network_bench::raw_caf
