#include "bench/myelin_side.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include "bench/messaging.capnp.h"
#include "bench/stopwatch.hpp"
#include "myelin/actors/mesh.hpp"
#include "process/memory.hpp"

namespace myelin::tool {

namespace {

using messaging::Answer;
using messaging::Buffer;
using messaging::Go;
using messaging::Marker;
using messaging::Number;
using messaging::Record;

/// How messages go out.
enum class Way : std::uint8_t {
  frames,     ///< A frame each.
  batches,    ///< Told: gathered by the outbox.
  passed_on,  ///< One frame again and again.
};

MeshConfig config_for(std::size_t workers) { return {.workers = workers}; }

/// A message without content.
template <class Signal>
Frame signal() {
  return make_frame<Signal>([](typename Signal::Builder) {});
}

// -- payloads: how each is filled in, and read ------------------------------------------------------------------------

void fill_in(Number::Builder number, std::uint64_t i, const std::vector<char>& /*source*/) { number.setValue(i); }

void fill_in(Record::Builder record, std::uint64_t i, const std::vector<char>& /*source*/) {
  record.setFirst(i);
  record.setSecond(i);
  record.setThird(i);
  record.setFourth(i);
  record.setFifth(i);
  record.setSixth(i);
  record.setSeventh(i);
  record.setLast(i);
}

void fill_in(Buffer::Builder buffer, std::uint64_t /*i*/, const std::vector<char>& source) {
  std::memcpy(buffer.initBytes(static_cast<unsigned int>(source.size())).begin(), source.data(), source.size());
}

std::uint64_t look_at(Number::Reader number) { return number.getValue(); }
std::uint64_t look_at(Record::Reader record) { return record.getFirst() + record.getLast(); }
std::uint64_t look_at(Buffer::Reader buffer) {
  const capnp::Data::Reader bytes = buffer.getBytes();
  return std::uint64_t{bytes.front()} + bytes.back();
}

/// Words of a whole Buffer message: the root pointer, the struct's pointer, and the bytes.
std::size_t buffer_words(std::size_t bytes) { return 2 + (bytes + sizeof(capnp::word) - 1) / sizeof(capnp::word); }

// -- one way ----------------------------------------------------------------------------------------------------------

/// Counts payloads, reads a little of each, and answers markers.
template <class T, Way kWay>
class Receiver : public Agent {
 public:
  static void handlers(Handlers<Receiver>& on) {
    if constexpr (kWay == Way::batches) {
      on.template message<&Receiver::batch>();
    } else {
      on.template message<&Receiver::one>();
    }
    on.template message<&Receiver::marker>();
  }

  Receiver(AgentRef sender, std::uint64_t messages, Stopwatch& watch)
      : sender_{std::move(sender)}, messages_{messages}, watch_{watch} {}

 private:
  void one(typename T::Reader payload) {
    checksum_ += look_at(payload);
    if (++received_ == messages_) watch_.stop();
  }
  void batch(const Batch<T>& payloads) {
    for (const typename T::Reader payload : payloads) checksum_ += look_at(payload);
    if ((received_ += payloads.size()) == messages_) watch_.stop();
  }
  void marker(Marker::Reader /*marker*/) { send(sender_, signal<Answer>()); }

  AgentRef sender_;
  std::uint64_t messages_;
  Stopwatch& watch_;
  std::uint64_t received_ = 0;
  std::uint64_t checksum_ = 0;
};

/// Sends windows of messages.
template <class T, Way kWay>
class Sender : public Agent {
 public:
  static void handlers(Handlers<Sender>& on) {
    on.template message<&Sender::go>();
    on.template message<&Sender::answer>();
  }

  Sender(OneWay parameters, const std::vector<char>& source, Stopwatch& watch)
      : parameters_{std::move(parameters)}, source_{source}, watch_{watch} {}

  void on_start() override {
    receiver_ = spawn<Receiver<T, kWay>>(self(), parameters_.messages, watch_);
    if constexpr (kWay == Way::passed_on) built_ = build(0);
  }

 private:
  void go(Go::Reader /*go*/) {
    if (sent_ == 0) watch_.start();
    send_window();
  }

  void answer(Answer::Reader /*answer*/) {
    --markers_open_;
    if (waiting_) send_window();
  }

  void send_window() {
    if (parameters_.stop.stop_requested()) return watch_.cancel();
    const std::uint64_t end = std::min(sent_ + parameters_.window(), parameters_.messages);
    for (; sent_ < end; ++sent_) send_one();
    send(receiver_, signal<Marker>());
    ++markers_open_;
    waiting_ = markers_open_ == OneWay::kWindowsOpen;
    if (sent_ == parameters_.messages) {
      waiting_ = false;
    } else if (!waiting_) {
      send(self(), signal<Go>());
    }
  }

  void send_one() {
    if constexpr (kWay == Way::passed_on) {
      send(receiver_, built_);
    } else if constexpr (kWay == Way::batches) {
      tell(receiver_, [this](typename T::Builder payload) { fill_in(payload, sent_, source_); });
    } else {
      send(receiver_, build(sent_));
    }
  }

  Frame build(std::uint64_t i) const {
    const auto fill = [this, i](typename T::Builder payload) { fill_in(payload, i, source_); };
    // In one segment, so that it is read without bounds checks.
    return make_frame<T>(fill, {}, buffer_words(source_.size()));
  }

  OneWay parameters_;
  const std::vector<char>& source_;
  Stopwatch& watch_;
  AgentRef receiver_;
  Frame built_;
  std::uint64_t sent_ = 0;
  std::uint64_t markers_open_ = 0;
  bool waiting_ = false;
};

template <class T, Way kWay>
double run_one_way(const OneWay& parameters, const std::vector<char>& source = {}) {
  Stopwatch watch;
  Mesh mesh{config_for(parameters.workers)};
  const AgentRef sender = mesh.spawn<Sender<T, kWay>>(parameters, source, watch);
  mesh.send(sender, signal<Go>());
  const double nanoseconds = watch.wait_ns();
  mesh.stop();
  return nanoseconds / static_cast<double>(parameters.messages);
}

template <Way kWay>
double run_buffers(const OneWay& parameters) {
  return run_one_way<Buffer, kWay>(parameters, std::vector<char>(parameters.payload_bytes, 'm'));
}

template <Way kWay>
double run_built(const OneWay& parameters) {
  if (parameters.payload_bytes == sizeof(std::uint64_t)) return run_one_way<Number, kWay>(parameters);
  if (parameters.payload_bytes == 8 * sizeof(std::uint64_t)) return run_one_way<Record, kWay>(parameters);
  return run_buffers<kWay>(parameters);
}

// -- round trips ------------------------------------------------------------------------------------------------------

/// Sends a number in one of the two ways.
template <Way kWay>
class Player : public Agent {
 protected:
  void hit(const AgentRef& to, std::uint64_t number) {
    const auto fill = [number](Number::Builder ball) { ball.setValue(number); };
    if constexpr (kWay == Way::batches) {
      tell(to, fill);
    } else {
      send(to, make_frame<Number>(fill));
    }
  }
};

template <Way kWay>
class Pong : public Player<kWay> {
 public:
  static void handlers(Handlers<Pong>& on) { on.template message<&Pong::ball>(); }

  explicit Pong(AgentRef ping) : ping_{std::move(ping)} {}

 private:
  void ball(Number::Reader number) { this->hit(ping_, number.getValue()); }

  AgentRef ping_;
};

template <Way kWay>
class Ping : public Player<kWay> {
 public:
  static void handlers(Handlers<Ping>& on) {
    on.template message<&Ping::go>();
    on.template message<&Ping::ball>();
  }

  /// Records each round trip in `latencies` unless it is null.
  Ping(RoundTrip parameters, Stopwatch& watch, Latencies* latencies)
      : parameters_{std::move(parameters)}, watch_{watch}, latencies_{latencies} {}

  void on_start() override { pong_ = this->template spawn<Pong<kWay>>(this->self()); }

 private:
  void go(Go::Reader /*go*/) {
    watch_.start();
    last_ = Stopwatch::Clock::now();
    this->hit(pong_, 0);
  }

  void ball(Number::Reader ball) {
    const std::uint64_t number = ball.getValue() + 1;
    if (latencies_ != nullptr) {
      const Stopwatch::Clock::time_point now = Stopwatch::Clock::now();
      latencies_->add(std::chrono::duration<double, std::nano>(now - last_).count());
      last_ = now;
    }
    if (number == parameters_.round_trips) return watch_.stop();
    constexpr std::uint64_t kPollEvery = 1024;
    if (number % kPollEvery == 0 && parameters_.stop.stop_requested()) return watch_.cancel();
    this->hit(pong_, number);
  }

  RoundTrip parameters_;
  Stopwatch& watch_;
  Latencies* latencies_;
  AgentRef pong_;
  Stopwatch::Clock::time_point last_;
};

template <Way kWay>
double run_round_trip(const RoundTrip& parameters, Latencies* latencies) {
  Stopwatch watch;
  Mesh mesh{config_for(parameters.workers)};
  const AgentRef ping = mesh.spawn<Ping<kWay>>(parameters, watch, latencies);
  mesh.send(ping, signal<Go>());
  const double nanoseconds = watch.wait_ns();
  mesh.stop();
  return nanoseconds / static_cast<double>(parameters.round_trips);
}

template <Way kWay>
Latencies run_latencies(const RoundTrip& parameters) {
  Latencies latencies;
  latencies.reserve(parameters.round_trips);
  static_cast<void>(run_round_trip<kWay>(parameters, &latencies));
  return latencies;
}

// -- spawning ---------------------------------------------------------------------------------------------------------

/// One handler, and nothing to do at the start: not run before its first message.
class Idle : public Agent {
 public:
  static void handlers(Handlers<Idle>& on) { on.message<&Idle::number>(); }

  explicit Idle(Started& started) : started_{started} {}

 protected:
  void tell_started() { started_.add_one(); }
  void number(Number::Reader number) { last_ = number.getValue(); }

 private:
  Started& started_;
  std::uint64_t last_ = 0;
};

/// Runs at once, to say so.
class Eager final : public Idle {
 public:
  static void handlers(Handlers<Eager>& on) { on.message<&Eager::number>(); }
  using Idle::Idle;
  void on_start() override { tell_started(); }
};

class Spawner : public Agent {
 public:
  static void handlers(Handlers<Spawner>& on) { on.message<&Spawner::go>(); }

  Spawner(bool lazy, Started& started, std::vector<AgentRef>& agents)
      : lazy_{lazy}, started_{started}, agents_{agents} {}

 private:
  void go(Go::Reader /*go*/) {
    started_.watch->start();
    if (lazy_) {
      for (AgentRef& agent : agents_) agent = spawn<Idle>(started_);
      started_.watch->stop();
    } else {
      for (AgentRef& agent : agents_) agent = spawn<Eager>(started_);
    }
    stop();
  }

  bool lazy_;
  Started& started_;
  std::vector<AgentRef>& agents_;
};

}  // namespace

namespace frames {

double one_way(const OneWay& parameters) {
  return parameters.source == PayloadSource::passed_on ? run_buffers<Way::passed_on>(parameters)
                                                       : run_built<Way::frames>(parameters);
}

double round_trip(const RoundTrip& parameters) { return run_round_trip<Way::frames>(parameters, nullptr); }

Latencies round_trip_latencies(const RoundTrip& parameters) { return run_latencies<Way::frames>(parameters); }

double spawn(const Spawn& parameters) {
  Stopwatch watch;
  Started started{parameters.agents, &watch};
  std::vector<AgentRef> agents(parameters.agents);
  Mesh mesh{config_for(parameters.workers)};
  const AgentRef spawner = mesh.spawn<Spawner>(parameters.lazy, started, agents);
  mesh.send(spawner, signal<Go>());
  const double nanoseconds = watch.wait_ns();
  mesh.stop();
  agents.clear();  // before the mesh goes
  return nanoseconds / static_cast<double>(parameters.agents);
}

double bytes_per_agent(std::uint64_t agents) {
  Stopwatch watch;
  Started started{agents, &watch};
  std::vector<AgentRef> handles(agents);  // Its pages are touched here, so that they do not count.
  Mesh mesh{config_for(1)};
  const AgentRef spawner = mesh.spawn<Spawner>(false, started, handles);
  const std::uint64_t before = resident_bytes();
  mesh.send(spawner, signal<Go>());
  static_cast<void>(watch.wait_ns());
  const std::uint64_t after = resident_bytes();
  mesh.stop();
  handles.clear();  // before the mesh goes
  return static_cast<double>(after - before) / static_cast<double>(agents);
}

}  // namespace frames

namespace batches {

bool takes(const OneWay& parameters) {
  constexpr std::size_t kPayloadBytesMax = 4096;
  return parameters.source == PayloadSource::built && parameters.payload_bytes <= kPayloadBytesMax;
}

double one_way(const OneWay& parameters) { return run_built<Way::batches>(parameters); }

double round_trip(const RoundTrip& parameters) { return run_round_trip<Way::batches>(parameters, nullptr); }

Latencies round_trip_latencies(const RoundTrip& parameters) { return run_latencies<Way::batches>(parameters); }

}  // namespace batches

}  // namespace myelin::tool
