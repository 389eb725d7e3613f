// Asks, lone messages, agents at rest, many agents, and overload, in Myelin.
#include <algorithm>
#include <semaphore>
#include <thread>

#include "bench/savina/myelin_stage.hpp"
#include "bench/savina/questions.hpp"
#include "bench/savina/references.hpp"
#include "bench/stopwatch.hpp"
#include "process/memory.hpp"

namespace myelin::tool::savina::in_myelin {

namespace {

using schema::Go;
using schema::Number;
using schema::Stamp;

// -- asks -------------------------------------------------------------------------------------------------------------

class Successor : public Agent {
 public:
  static void handlers(Handlers<Successor>& on) { on.message<&Successor::number>(); }

 private:
  void number(Number::Reader number, Reply<Number> reply) {
    reply.send([&](Number::Builder next) { next.setValue(number.getValue() + 1); });
  }
};

class Asker : public Agent {
 public:
  static void handlers(Handlers<Asker>& on) { on.message<&Asker::go>(); }

  Asker(Asks asks, AgentRef successor, Outcome& outcome)
      : asks_{asks}, successor_{std::move(successor)}, outcome_{outcome} {}

 private:
  void go(Go::Reader /*go*/) { ask_about(0); }

  void ask_about(std::uint64_t number) {
    if (number == asks_.questions) return outcome_.finish(number);
    const Duration deadline = asks_.with_deadline ? Duration{std::chrono::seconds{1}} : std::chrono::hours{1};
    ask<Number>(
        successor_, [number](Number::Builder question) { question.setValue(number); }, deadline,
        [this](const Result<Held<Number>>& next) {
          if (!next) return outcome_.finish(0);
          ask_about((*next)->getValue());
        });
  }

  Asks asks_;
  AgentRef successor_;
  Outcome& outcome_;
};

// -- lone messages ----------------------------------------------------------------------------------------------------

class Listener : public Agent {
 public:
  static void handlers(Handlers<Listener>& on) { on.message<&Listener::stamp>(); }

  Listener(Latencies& latencies, std::binary_semaphore& heard) : latencies_{latencies}, heard_{heard} {}

 private:
  void stamp(Stamp::Reader stamp) {
    latencies_.add(static_cast<double>(Clock::now().time_since_epoch().count() - stamp.getSentNs()));
    heard_.release();
  }

  Latencies& latencies_;
  std::binary_semaphore& heard_;
};

// -- many agents ------------------------------------------------------------------------------------------------------

class Sleeper : public Agent {
 public:
  static void handlers(Handlers<Sleeper>& on) { on.message<&Sleeper::number>(); }

  explicit Sleeper(Started& started) : started_{started} {}

  void on_start() override { started_.add_one(); }

 private:
  void number(Number::Reader number) { last_ = number.getValue(); }

  Started& started_;
  std::uint64_t last_ = 0;
};

/// Starts them, a portion at a time.
class Nursery : public Agent {
 public:
  static void handlers(Handlers<Nursery>& on) { on.message<&Nursery::go>(); }

  Nursery(Started& started, std::vector<AgentRef>& agents) : started_{started}, agents_{agents} {}

 private:
  void go(Go::Reader /*go*/) {
    const std::uint64_t end = std::min<std::uint64_t>(next_ + kMessagesAGo, agents_.size());
    for (; next_ < end; ++next_) agents_[next_] = spawn<Sleeper>(started_);
    if (next_ < agents_.size()) {
      tell(self(), [](Go::Builder) {});
    } else {
      stop();
    }
  }

  Started& started_;
  std::vector<AgentRef>& agents_;
  std::uint64_t next_ = 0;
};

/// Nanoseconds until all of `agents` have started. The started ones refer to `started` from then on.
double start_all(Mesh& mesh, Started& started, std::vector<AgentRef>& agents) {
  const AgentRef nursery = mesh.spawn<Nursery>(started, agents);
  started.watch->start();
  mesh.tell(nursery, [](Go::Builder) {});
  return started.watch->wait_ns();
}

// -- overload ---------------------------------------------------------------------------------------------------------

class SlowConsumer : public Agent {
 public:
  static MailboxOptions mailbox() { return {.capacity = 1024}; }
  static void handlers(Handlers<SlowConsumer>& on) {
    on.message<&SlowConsumer::number>();
    on.message<&SlowConsumer::urgent>();
  }

  SlowConsumer(Overload overload, Outcome& outcome) : overload_{overload}, outcome_{outcome} {}

 private:
  void number(Number::Reader number) {
    toil_ += toil(number.getValue(), Overload::kToil);
    ++handled_;
    finish_if_done();
  }
  void urgent(schema::Urge::Reader /*urgent*/) {
    ++urgent_;
    finish_if_done();
  }

  void finish_if_done() {
    if (handled_ == overload_.messages && urgent_ == overload_.urgent()) outcome_.finish(handled_);
  }

  Overload overload_;
  Outcome& outcome_;
  std::uint64_t toil_ = 0;
  std::uint64_t handled_ = 0;
  std::uint64_t urgent_ = 0;
};

class FastProducer : public Agent {
 public:
  static void handlers(Handlers<FastProducer>& on) { on.message<&FastProducer::go>(); }

  FastProducer(std::uint64_t messages, AgentRef consumer) : messages_{messages}, consumer_{std::move(consumer)} {}

 private:
  void go(Go::Reader /*go*/) {
    const std::uint64_t end = std::min(sent_ + kMessagesAGo, messages_);
    while (sent_ < end) {
      send(consumer_, make_frame<Number>([this](Number::Builder number) { number.setValue(sent_); }));
      if (++sent_ % Overload::kUrgentEvery == 0) {
        send(consumer_, make_frame<schema::Urge>([](schema::Urge::Builder) {}, {.lane = Lane::control}));
      }
    }
    if (sent_ < messages_) tell(self(), [](Go::Builder) {});
  }

  std::uint64_t messages_;
  AgentRef consumer_;
  std::uint64_t sent_ = 0;
};

// -- metrics and traces -----------------------------------------------------------------------------------------------

/// Returns the number.
class Echo : public Agent {
 public:
  static void handlers(Handlers<Echo>& on) { on.message<&Echo::number>(); }

  explicit Echo(AgentRef to) : to_{std::move(to)} {}

 private:
  void number(Number::Reader number) {
    send(to_, make_frame<Number>([&](Number::Builder same) { same.setValue(number.getValue()); }));
  }

  AgentRef to_;
};

/// Sends a number, counted up, until it has come back often enough.
class Caller : public Agent {
 public:
  static void handlers(Handlers<Caller>& on) {
    on.message<&Caller::go>();
    on.message<&Caller::number>();
  }

  Caller(std::uint64_t round_trips, Outcome& outcome) : round_trips_{round_trips}, outcome_{outcome} {}

  void on_start() override { echo_ = spawn<Echo>(self()); }

 private:
  void go(Go::Reader /*go*/) { call(0); }
  void number(Number::Reader number) { call(number.getValue() + 1); }

  void call(std::uint64_t number) {
    if (number == round_trips_) return outcome_.finish(number);
    send(echo_, make_frame<Number>([number](Number::Builder call) { call.setValue(number); }));
  }

  std::uint64_t round_trips_;
  Outcome& outcome_;
  AgentRef echo_;
};

}  // namespace

double ask(const Asks& asks) {
  Stage stage{Work{.workers = asks.workers}};
  const AgentRef successor = stage.add<Successor>();
  const Finish finish = stage.play(stage.add<Asker>(asks, successor, stage.outcome()));
  if (finish.result != asks.questions) throw Failed{"a question in Myelin was not answered"};
  return finish.nanoseconds / static_cast<double>(asks.questions);
}

Latencies lone(const Lone& lone) {
  Latencies latencies;
  latencies.reserve(lone.messages);
  std::binary_semaphore heard{0};
  Mesh mesh{MeshConfig{.workers = lone.workers}};
  const AgentRef listener = mesh.spawn<Listener>(latencies, heard);
  for (std::uint64_t i = 0; i < lone.messages && !lone.stop.stop_requested(); ++i) {
    std::this_thread::sleep_for(Lone::kSilence);
    mesh.tell(listener, [](Stamp::Builder stamp) { stamp.setSentNs(Clock::now().time_since_epoch().count()); });
    heard.acquire();
  }
  mesh.stop();
  return latencies;
}

double at_rest(const Rest& rest) {
  Stopwatch watch;
  Started started{rest.agents, &watch};
  Mesh mesh{MeshConfig{.workers = rest.workers}};
  std::vector<AgentRef> agents(rest.agents);
  static_cast<void>(start_all(mesh, started, agents));
  rest_for(std::chrono::milliseconds{200}, rest.stop);  // As in CAF, whose workers notice slowly that all is silent.
  const double percent = used_while_resting(rest.time, rest.stop);
  mesh.stop();
  return percent;
}

Live live(std::uint64_t agents, std::size_t workers) {
  Stopwatch watch;
  Started started{agents, &watch};
  Mesh mesh{MeshConfig{.workers = workers}};
  const std::uint64_t before = resident_bytes();
  std::vector<AgentRef> handles(agents);
  const double nanoseconds = start_all(mesh, started, handles);
  const std::uint64_t after = resident_bytes();
  mesh.stop();
  return {static_cast<double>(after - before) / static_cast<double>(agents), nanoseconds / static_cast<double>(agents)};
}

double overload(const Overload& overload) {
  Stage stage{Work{.workers = overload.workers}};
  const AgentRef consumer = stage.add<SlowConsumer>(overload, stage.outcome());
  const AgentRef producer = stage.add<FastProducer>(overload.messages, consumer);
  const std::uint64_t before = resident_bytes();
  const Finish finish = stage.play(producer);
  if (finish.result != overload.messages) throw Failed{"Myelin lost messages"};
  return static_cast<double>(peak_resident_bytes() - before);
}

double observed(const Observed& observed) {
  // One message comes from outside; all others are on its behalf, and in its trace.
  Stage stage{
      MeshConfig{.workers = observed.workers, .metrics = observed.metrics, .trace_one_in = observed.traced ? 1U : 0U}};
  const Finish finish = stage.play(stage.add<Caller>(observed.round_trips, stage.outcome()));
  if (finish.result != observed.round_trips) throw Failed{"Myelin lost a number"};
  return finish.nanoseconds / static_cast<double>(observed.round_trips);
}

}  // namespace myelin::tool::savina::in_myelin
