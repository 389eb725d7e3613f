// Asks, lone messages, agents at rest, many agents, and overload, in plain CAF.
#include <algorithm>
#include <semaphore>

#include "bench/savina/questions.hpp"
#include "bench/savina/raw_caf_stage.hpp"
#include "bench/savina/references.hpp"
#include "bench/stopwatch.hpp"
#include "process/memory.hpp"

namespace myelin::tool::savina::in_caf {

namespace {

using Clock = Outcome::Clock;
using Urgent = caf::atom_constant<caf::atom("urgent")>;

// -- asks -------------------------------------------------------------------------------------------------------------

class Successor : public caf::event_based_actor {
 public:
  using caf::event_based_actor::event_based_actor;
  caf::behavior make_behavior() override {
    return {[](std::uint64_t number) { return number + 1; }};
  }
};

class Asker : public caf::event_based_actor {
 public:
  Asker(caf::actor_config& config, Asks asks, caf::actor successor, Outcome& outcome)
      : caf::event_based_actor{config}, asks_{asks}, successor_{std::move(successor)}, outcome_{outcome} {}

  caf::behavior make_behavior() override {
    return {[this](Go) { ask(0); }};
  }

 private:
  void ask(std::uint64_t number) {
    if (number == asks_.questions) return outcome_.finish(number);
    const auto then = [this](std::uint64_t next) { ask(next); };
    if (asks_.with_deadline) {
      request(successor_, std::chrono::seconds{1}, number).then(then, [this](const caf::error&) {
        outcome_.finish(0);
      });
    } else {
      request(successor_, caf::infinite, number).then(then);
    }
  }

  Asks asks_;
  caf::actor successor_;
  Outcome& outcome_;
};

// -- lone messages ----------------------------------------------------------------------------------------------------

class Listener : public caf::event_based_actor {
 public:
  Listener(caf::actor_config& config, Latencies& latencies, std::binary_semaphore& heard)
      : caf::event_based_actor{config}, latencies_{latencies}, heard_{heard} {}

  caf::behavior make_behavior() override {
    return {[this](std::int64_t sent) {
      latencies_.add(static_cast<double>(Clock::now().time_since_epoch().count() - sent));
      heard_.release();
    }};
  }

 private:
  Latencies& latencies_;
  std::binary_semaphore& heard_;
};

// -- many agents ------------------------------------------------------------------------------------------------------

class Sleeper : public caf::event_based_actor {
 public:
  Sleeper(caf::actor_config& config, Started& started) : caf::event_based_actor{config}, started_{started} {}
  caf::behavior make_behavior() override {
    started_.add_one();
    return {[this](std::uint64_t number) { last_ = number; }};
  }

 private:
  Started& started_;
  std::uint64_t last_ = 0;
};

/// Starts them, a portion at a time.
class Nursery : public caf::event_based_actor {
 public:
  Nursery(caf::actor_config& config, Started& started, std::vector<caf::actor>& agents)
      : caf::event_based_actor{config}, started_{started}, agents_{agents} {}

  caf::behavior make_behavior() override {
    return {[this](Go) {
      const std::uint64_t end = std::min<std::uint64_t>(next_ + kMessagesAGo, agents_.size());
      for (; next_ < end; ++next_) agents_[next_] = spawn<Sleeper>(started_);
      if (next_ < agents_.size()) {
        send(this, Go::value);
      } else {
        quit();
      }
    }};
  }

 private:
  Started& started_;
  std::vector<caf::actor>& agents_;
  std::uint64_t next_ = 0;
};

/// Nanoseconds until all of `agents` have started.
double start_all(caf::actor_system& system, std::vector<caf::actor>& agents) {
  Stopwatch watch;
  Started started{agents.size(), &watch};
  const caf::actor nursery = system.spawn<Nursery>(started, agents);
  watch.start();
  caf::anon_send(nursery, Go::value);
  const double nanoseconds = watch.wait_ns();
  // It has stored the last handle only when it ends.
  caf::scoped_actor self{system};
  self->wait_for(nursery);
  return nanoseconds;
}

// -- overload ---------------------------------------------------------------------------------------------------------

class SlowConsumer : public caf::event_based_actor {
 public:
  SlowConsumer(caf::actor_config& config, Overload overload, Outcome& outcome)
      : caf::event_based_actor{config}, overload_{overload}, outcome_{outcome} {}

  caf::behavior make_behavior() override {
    return {[this](std::uint64_t number) {
              toil_ += toil(number, Overload::kToil);
              ++handled_;
              finish_if_done();
            },
            [this](Urgent) {
              ++urgent_;
              finish_if_done();
            }};
  }

 private:
  void finish_if_done() {
    if (handled_ == overload_.messages && urgent_ == overload_.urgent()) outcome_.finish(handled_);
  }

  Overload overload_;
  Outcome& outcome_;
  std::uint64_t toil_ = 0;
  std::uint64_t handled_ = 0;
  std::uint64_t urgent_ = 0;
};

class FastProducer : public caf::event_based_actor {
 public:
  FastProducer(caf::actor_config& config, std::uint64_t messages, caf::actor consumer)
      : caf::event_based_actor{config}, messages_{messages}, consumer_{std::move(consumer)} {}

  caf::behavior make_behavior() override {
    return {[this](Go) {
      const std::uint64_t end = std::min(sent_ + kMessagesAGo, messages_);
      while (sent_ < end) {
        send(consumer_, sent_);
        if (++sent_ % Overload::kUrgentEvery == 0) {
          send<caf::message_priority::high>(consumer_, Urgent::value);
        }
      }
      if (sent_ < messages_) send(this, Go::value);
    }};
  }

 private:
  std::uint64_t messages_;
  caf::actor consumer_;
  std::uint64_t sent_ = 0;
};

}  // namespace

double ask(const Asks& asks) {
  Stage stage{Work{.workers = asks.workers}};
  const caf::actor successor = stage.add<Successor>();
  const Finish finish = stage.play(stage.add<Asker>(asks, successor, stage.outcome()));
  if (finish.result != asks.questions) throw Failed{"a question in raw CAF was not answered"};
  return finish.nanoseconds / static_cast<double>(asks.questions);
}

Latencies lone(const Lone& lone) {
  Latencies latencies;
  latencies.reserve(lone.messages);
  std::binary_semaphore heard{0};
  Config config{lone.workers};
  caf::actor_system system{config};
  const caf::actor listener = system.spawn<Listener>(latencies, heard);
  for (std::uint64_t i = 0; i < lone.messages && !lone.stop.stop_requested(); ++i) {
    std::this_thread::sleep_for(Lone::kSilence);
    caf::anon_send(listener, std::int64_t{Clock::now().time_since_epoch().count()});
    heard.acquire();
  }
  caf::anon_send_exit(listener, caf::exit_reason::user_shutdown);
  system.await_all_actors_done();
  return latencies;
}

double at_rest(const Rest& rest) {
  Config config{rest.workers};
  caf::actor_system system{config};
  std::vector<caf::actor> agents(rest.agents);
  static_cast<void>(start_all(system, agents));
  rest_for(std::chrono::milliseconds{200}, rest.stop);  // Until the workers have noticed that all is silent.
  const double percent = used_while_resting(rest.time, rest.stop);
  agents.clear();
  return percent;
}

Live live(std::uint64_t agents, std::size_t workers) {
  Config config{workers};
  caf::actor_system system{config};
  const std::uint64_t before = resident_bytes();
  std::vector<caf::actor> handles(agents);
  const double nanoseconds = start_all(system, handles);
  const std::uint64_t after = resident_bytes();
  handles.clear();
  return {static_cast<double>(after - before) / static_cast<double>(agents), nanoseconds / static_cast<double>(agents)};
}

double overload(const Overload& overload) {
  Stage stage{Work{.workers = overload.workers}};
  const caf::actor consumer = stage.add<SlowConsumer>(overload, stage.outcome());
  const caf::actor producer = stage.add<FastProducer>(overload.messages, consumer);
  const std::uint64_t before = resident_bytes();
  const Finish finish = stage.play(producer);
  if (finish.result != overload.messages) throw Failed{"raw CAF lost messages"};
  return static_cast<double>(peak_resident_bytes() - before);
}

}  // namespace myelin::tool::savina::in_caf
