#include "bench/raw_caf.hpp"

#include <array>
#include <caf/all.hpp>
#include <chrono>
#include <vector>

#include "bench/stopwatch.hpp"
#include "process/memory.hpp"

namespace myelin::tool::raw_caf {

/// 64 bytes that need no serialisation on one node.
struct Record {
  std::array<std::uint64_t, 8> values;
};

}  // namespace myelin::tool::raw_caf

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(myelin::tool::raw_caf::Record)

namespace myelin::tool::raw_caf {

namespace {

using Clock = Stopwatch::Clock;
using Go = caf::atom_constant<caf::atom("go")>;
using Marker = caf::atom_constant<caf::atom("marker")>;
using Answer = caf::atom_constant<caf::atom("answer")>;

/// CAF's defaults but for the number of workers.
struct Config : caf::actor_system_config {
  explicit Config(std::size_t workers) { set("scheduler.max-threads", workers); }
};

/// Sends windows of what `make(i)` returns.
template <class Make>
class Sender : public caf::event_based_actor {
 public:
  Sender(caf::actor_config& config, OneWay parameters, Make make, caf::actor receiver, Stopwatch& watch)
      : caf::event_based_actor{config},
        parameters_{std::move(parameters)},
        make_{std::move(make)},
        receiver_{std::move(receiver)},
        watch_{watch} {}

  caf::behavior make_behavior() override {
    return {[this](Go) { go(); },
            [this](Answer) {
              --markers_open_;
              if (waiting_) send_window();
            }};
  }

 private:
  void go() {
    if (sent_ == 0) watch_.start();
    send_window();
  }

  void send_window() {
    if (parameters_.stop.stop_requested()) return watch_.cancel();
    const std::uint64_t end = std::min(sent_ + parameters_.window(), parameters_.messages);
    for (; sent_ < end; ++sent_) send(receiver_, make_(sent_));
    send(receiver_, Marker::value);
    ++markers_open_;
    waiting_ = markers_open_ == OneWay::kWindowsOpen;
    if (sent_ == parameters_.messages) {
      waiting_ = false;
    } else if (!waiting_) {
      send(this, Go::value);
    }
  }

  OneWay parameters_;
  Make make_;
  caf::actor receiver_;
  Stopwatch& watch_;
  std::uint64_t sent_ = 0;
  std::uint64_t markers_open_ = 0;
  bool waiting_ = false;
};

/// Counts payloads, reads a little of each, and answers markers.
template <class Payload>
class Receiver : public caf::event_based_actor {
 public:
  Receiver(caf::actor_config& config, std::uint64_t messages, Stopwatch& watch)
      : caf::event_based_actor{config}, messages_{messages}, watch_{watch} {}

  caf::behavior make_behavior() override {
    return {[this](const Payload& payload) {
              checksum_ += look_at(payload);
              if (++received_ == messages_) watch_.stop();
            },
            [](Marker) { return Answer::value; }};
  }

 private:
  static std::uint64_t look_at(std::uint64_t payload) { return payload; }
  static std::uint64_t look_at(const Record& payload) { return payload.values.front() + payload.values.back(); }
  static std::uint64_t look_at(const std::vector<char>& payload) {
    return static_cast<std::uint64_t>(payload.front()) + static_cast<std::uint64_t>(payload.back());
  }

  std::uint64_t messages_;
  Stopwatch& watch_;
  std::uint64_t received_ = 0;
  std::uint64_t checksum_ = 0;
};

template <class Payload, class Make>
double run_one_way(const OneWay& parameters, Make make) {
  Config config{parameters.workers};
  caf::actor_system system{config};
  Stopwatch watch;
  const caf::actor receiver = system.spawn<Receiver<Payload>>(parameters.messages, watch);
  const caf::actor sender = system.spawn<Sender<Make>>(parameters, std::move(make), receiver, watch);
  caf::anon_send(sender, Go::value);
  const double nanoseconds = watch.wait_ns();
  caf::anon_send_exit(sender, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(receiver, caf::exit_reason::user_shutdown);
  system.await_all_actors_done();
  return nanoseconds / static_cast<double>(parameters.messages);
}

class Pong : public caf::event_based_actor {
 public:
  using caf::event_based_actor::event_based_actor;
  caf::behavior make_behavior() override {
    return {[](std::uint64_t number) { return number; }};
  }
};

class Ping : public caf::event_based_actor {
 public:
  /// Records each round trip in `latencies` unless it is null.
  Ping(caf::actor_config& config, RoundTrip parameters, caf::actor pong, Stopwatch& watch, Latencies* latencies)
      : caf::event_based_actor{config},
        parameters_{std::move(parameters)},
        pong_{std::move(pong)},
        watch_{watch},
        latencies_{latencies} {}

  caf::behavior make_behavior() override {
    return {[this](Go) {
              watch_.start();
              last_ = Clock::now();
              send(pong_, std::uint64_t{0});
            },
            [this](std::uint64_t number) { next(number + 1); }};
  }

 private:
  void next(std::uint64_t number) {
    if (latencies_ != nullptr) {
      const Clock::time_point now = Clock::now();
      latencies_->add(std::chrono::duration<double, std::nano>(now - last_).count());
      last_ = now;
    }
    if (number == parameters_.round_trips) return watch_.stop();
    constexpr std::uint64_t kPollEvery = 1024;
    if (number % kPollEvery == 0 && parameters_.stop.stop_requested()) return watch_.cancel();
    send(pong_, number);
  }

  RoundTrip parameters_;
  caf::actor pong_;
  Stopwatch& watch_;
  Latencies* latencies_;
  Clock::time_point last_;
};

double run_round_trip(const RoundTrip& parameters, Latencies* latencies) {
  Config config{parameters.workers};
  caf::actor_system system{config};
  Stopwatch watch;
  const caf::actor pong = system.spawn<Pong>();
  const caf::actor ping = system.spawn<Ping>(parameters, pong, watch, latencies);
  caf::anon_send(ping, Go::value);
  const double nanoseconds = watch.wait_ns();
  caf::anon_send_exit(ping, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(pong, caf::exit_reason::user_shutdown);
  system.await_all_actors_done();
  return nanoseconds / static_cast<double>(parameters.round_trips);
}

class Idle : public caf::event_based_actor {
 public:
  Idle(caf::actor_config& config, Started& started) : caf::event_based_actor{config}, started_{started} {}
  caf::behavior make_behavior() override {
    started_.add_one();
    return {[this](std::uint64_t number) { last_ = number; }};
  }

 private:
  Started& started_;
  std::uint64_t last_ = 0;
};

class Spawner : public caf::event_based_actor {
 public:
  Spawner(caf::actor_config& config, bool lazy, Started& started, std::vector<caf::actor>& actors)
      : caf::event_based_actor{config}, lazy_{lazy}, started_{started}, actors_{actors} {}

  caf::behavior make_behavior() override {
    return {[this](Go) {
      started_.watch->start();
      if (lazy_) {
        for (caf::actor& actor : actors_) actor = caf::event_based_actor::spawn<Idle, caf::lazy_init>(started_);
        started_.watch->stop();
      } else {
        for (caf::actor& actor : actors_) actor = caf::event_based_actor::spawn<Idle>(started_);
      }
      quit();
    }};
  }

 private:
  bool lazy_;
  Started& started_;
  std::vector<caf::actor>& actors_;
};

}  // namespace

double one_way(const OneWay& parameters) {
  const std::vector<char> source(parameters.payload_bytes, 'm');
  if (parameters.source == PayloadSource::passed_on) {
    const caf::message message = caf::make_message(source);
    return run_one_way<std::vector<char>>(parameters, [message](std::uint64_t) { return message; });
  }
  if (parameters.payload_bytes == sizeof(std::uint64_t)) {
    return run_one_way<std::uint64_t>(parameters, [](std::uint64_t i) { return i; });
  }
  if (parameters.payload_bytes == sizeof(Record)) {
    return run_one_way<Record>(parameters, [](std::uint64_t i) { return Record{{i, i, i, i, i, i, i, i}}; });
  }
  return run_one_way<std::vector<char>>(parameters, [&source](std::uint64_t) { return source; });
}

double round_trip(const RoundTrip& parameters) { return run_round_trip(parameters, nullptr); }

Latencies round_trip_latencies(const RoundTrip& parameters) {
  Latencies latencies;
  latencies.reserve(parameters.round_trips);
  static_cast<void>(run_round_trip(parameters, &latencies));
  return latencies;
}

double spawn(const Spawn& parameters) {
  Config config{parameters.workers};
  caf::actor_system system{config};
  Stopwatch watch;
  Started started{parameters.agents, &watch};
  std::vector<caf::actor> actors(parameters.agents);
  const caf::actor spawner = system.spawn<Spawner>(parameters.lazy, started, actors);
  caf::anon_send(spawner, Go::value);
  const double nanoseconds = watch.wait_ns();
  // The handles may go only when the spawner has stored the last of them.
  caf::scoped_actor self{system};
  self->wait_for(spawner);
  actors.clear();
  return nanoseconds / static_cast<double>(parameters.agents);
}

double bytes_per_agent(std::uint64_t agents) {
  Config config{1};
  caf::actor_system system{config};
  Stopwatch watch;
  Started started{agents, &watch};
  std::vector<caf::actor> actors(agents);  // Its pages are touched here, so that they do not count.
  const caf::actor spawner = system.spawn<Spawner>(false, started, actors);
  const std::uint64_t before = resident_bytes();
  caf::anon_send(spawner, Go::value);
  static_cast<void>(watch.wait_ns());
  const std::uint64_t after = resident_bytes();
  caf::scoped_actor self{system};
  self->wait_for(spawner);
  actors.clear();
  return static_cast<double>(after - before) / static_cast<double>(agents);
}

}  // namespace myelin::tool::raw_caf
