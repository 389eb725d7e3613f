// Programs in which messages go one way: Counting, ThreadRing, Fork-Join. PingPong is bench messages' own.
#include <algorithm>

#include "bench/myelin_side.hpp"
#include "bench/savina/myelin.hpp"
#include "bench/savina/myelin_stage.hpp"
#include "bench/savina/references.hpp"

namespace myelin::tool::savina::in_myelin {

namespace {

using schema::Go;
using schema::Increment;
using schema::Number;
using schema::Retrieve;
using schema::Token;

// -- Counting ---------------------------------------------------------------------------------------------------------

class Counter : public Agent {
 public:
  static void handlers(Handlers<Counter>& on) {
    on.message<&Counter::increment>();
    on.message<&Counter::retrieve>();
  }

 private:
  void increment(const Batch<Increment>& increments) { count_ += increments.size(); }
  void retrieve(Retrieve::Reader /*retrieve*/, Reply<schema::Result> reply) {
    reply.send([this](schema::Result::Builder result) { result.setValue(count_); });
  }

  std::uint64_t count_ = 0;
};

class Producer : public Agent {
 public:
  static void handlers(Handlers<Producer>& on) { on.message<&Producer::go>(); }

  Producer(std::uint64_t messages, AgentRef counter, Outcome& outcome)
      : messages_{messages}, counter_{std::move(counter)}, outcome_{outcome} {}

 private:
  void go(Go::Reader /*go*/) {
    const std::uint64_t end = std::min(sent_ + kMessagesAGo, messages_);
    for (; sent_ < end; ++sent_) tell(counter_, [](Increment::Builder) {});
    if (sent_ < messages_) return tell(self(), [](Go::Builder) {});
    ask<schema::Result>(
        counter_, [](Retrieve::Builder) {}, std::chrono::minutes{1},
        [this](const Result<Held<schema::Result>>& count) { outcome_.finish(count ? (*count)->getValue() : 0); });
  }

  std::uint64_t messages_;
  AgentRef counter_;
  Outcome& outcome_;
  std::uint64_t sent_ = 0;
};

// -- ThreadRing -------------------------------------------------------------------------------------------------------

class RingMember : public Agent {
 public:
  static void handlers(Handlers<RingMember>& on) {
    on.message<&RingMember::go>();
    on.message<&RingMember::token>();
  }

  RingMember(std::uint64_t number, std::uint64_t hops, const Peers& ring, Outcome& outcome)
      : number_{number}, hops_{hops}, ring_{ring}, outcome_{outcome} {}

 private:
  void go(Go::Reader /*go*/) { pass(hops_); }
  void token(Token::Reader token) { pass(token.getHops()); }

  void pass(std::uint64_t hops) {
    if (hops == 0) return outcome_.finish(number_);
    const AgentRef& next = ring_[number_ + 1 == ring_.size() ? 0 : number_ + 1];
    send(next, make_frame<Token>([hops](Token::Builder token) { token.setHops(hops - 1); }));
  }

  std::uint64_t number_;
  std::uint64_t hops_;
  const Peers& ring_;
  Outcome& outcome_;
};

// -- Fork-Join throughput ---------------------------------------------------------------------------------------------

class Worker : public Agent {
 public:
  static void handlers(Handlers<Worker>& on) { on.message<&Worker::work>(); }

  Worker(std::uint64_t messages, AgentRef master) : messages_{messages}, master_{std::move(master)} {}

 private:
  void work(Number::Reader number) {
    sum_ += mix(number.getValue());
    if (++received_ < messages_) return;
    tell(master_, [this](schema::Result::Builder result) { result.setValue(sum_); });
  }

  std::uint64_t messages_;
  AgentRef master_;
  std::uint64_t received_ = 0;
  std::uint64_t sum_ = 0;
};

class ThroughputMaster : public Agent {
 public:
  static void handlers(Handlers<ThroughputMaster>& on) {
    on.message<&ThroughputMaster::go>();
    on.message<&ThroughputMaster::result>();
  }

  ThroughputMaster(Work work, const Peers& workers, Outcome& outcome)
      : work_{work}, workers_{workers}, outcome_{outcome} {}

 private:
  void go(Go::Reader /*go*/) {
    for (std::uint64_t sent = 0; sent < kMessagesAGo && next_ < work_.messages; ++next_) {
      // More receivers than an outbox keeps batches open for: a frame each.
      for (const AgentRef& worker : workers_) {
        send(worker, make_frame<Number>([this](Number::Builder number) { number.setValue(next_); }));
      }
      sent += workers_.size();
    }
    if (next_ < work_.messages) tell(self(), [](Go::Builder) {});
  }

  void result(schema::Result::Reader result) {
    sum_ += result.getValue();
    if (++joined_ == work_.agents) outcome_.finish(sum_);
  }

  Work work_;
  const Peers& workers_;
  Outcome& outcome_;
  std::uint64_t next_ = 0;
  std::uint64_t joined_ = 0;
  std::uint64_t sum_ = 0;
};

// -- Fork-Join create -------------------------------------------------------------------------------------------------

/// Lives for one message.
class Mayfly : public Agent {
 public:
  static void handlers(Handlers<Mayfly>& on) { on.message<&Mayfly::work>(); }

  explicit Mayfly(AgentRef master) : master_{std::move(master)} {}

 private:
  void work(Number::Reader number) {
    const std::uint64_t value = mix(number.getValue());
    send(master_, make_frame<schema::Result>([&](schema::Result::Builder result) { result.setValue(value); }));
    stop();
  }

  AgentRef master_;
};

class CreateMaster : public Agent {
 public:
  static void handlers(Handlers<CreateMaster>& on) {
    on.message<&CreateMaster::go>();
    on.message<&CreateMaster::result>();
  }

  CreateMaster(std::uint64_t agents, Outcome& outcome) : agents_{agents}, outcome_{outcome} {}

 private:
  void go(Go::Reader /*go*/) {
    const std::uint64_t end = std::min(created_ + kMessagesAGo, agents_);
    for (; created_ < end; ++created_) {
      send(spawn<Mayfly>(self()), make_frame<Number>([this](Number::Builder number) { number.setValue(created_); }));
    }
    if (created_ < agents_) tell(self(), [](Go::Builder) {});
  }

  void result(schema::Result::Reader result) {
    sum_ += result.getValue();
    if (++joined_ == agents_) outcome_.finish(sum_);
  }

  std::uint64_t agents_;
  Outcome& outcome_;
  std::uint64_t created_ = 0;
  std::uint64_t joined_ = 0;
  std::uint64_t sum_ = 0;
};

}  // namespace

Finish ping_pong(const Work& work) {
  // Ends when the number that goes to and fro has been counted up to `messages`.
  const double nanoseconds = frames::round_trip({.round_trips = work.messages, .workers = work.workers});
  return {nanoseconds * static_cast<double>(work.messages), work.messages};
}

Finish counting(const Work& work) {
  Stage stage{work};
  const AgentRef counter = stage.add<Counter>();
  return stage.play(stage.add<Producer>(work.messages, counter, stage.outcome()));
}

Finish thread_ring(const Work& work) {
  Stage stage{work};
  Peers ring;
  for (std::uint64_t i = 0; i < work.agents; ++i) {
    ring.push_back(stage.add<RingMember>(i, work.messages, ring, stage.outcome()));
  }
  return stage.play(ring.front());
}

Finish fork_join_throughput(const Work& work) {
  Stage stage{work};
  Peers workers;
  const AgentRef master = stage.add<ThroughputMaster>(work, workers, stage.outcome());
  for (std::uint64_t i = 0; i < work.agents; ++i) workers.push_back(stage.add<Worker>(work.messages, master));
  return stage.play(master);
}

Finish fork_join_create(const Work& work) {
  Stage stage{work};
  return stage.play(stage.add<CreateMaster>(work.agents, stage.outcome()));
}

}  // namespace myelin::tool::savina::in_myelin
