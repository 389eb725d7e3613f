// Programs in which messages go one way: Counting, ThreadRing, Fork-Join. PingPong is bench messages' own.
#include <algorithm>

#include "bench/raw_caf.hpp"
#include "bench/savina/raw_caf.hpp"
#include "bench/savina/raw_caf_stage.hpp"
#include "bench/savina/references.hpp"

namespace myelin::tool::savina::in_caf {

namespace {

using Increment = caf::atom_constant<caf::atom("increment")>;
using Retrieve = caf::atom_constant<caf::atom("retrieve")>;
using Item = caf::atom_constant<caf::atom("item")>;

// -- Counting ---------------------------------------------------------------------------------------------------------

class Counter : public caf::event_based_actor {
 public:
  using caf::event_based_actor::event_based_actor;
  caf::behavior make_behavior() override {
    return {[this](Increment) { ++count_; }, [this](Retrieve) { return count_; }};
  }

 private:
  std::uint64_t count_ = 0;
};

class Producer : public caf::event_based_actor {
 public:
  Producer(caf::actor_config& config, std::uint64_t messages, caf::actor counter, Outcome& outcome)
      : caf::event_based_actor{config}, messages_{messages}, counter_{std::move(counter)}, outcome_{outcome} {}

  caf::behavior make_behavior() override {
    return {[this](Go) { produce(); }, [this](std::uint64_t count) { outcome_.finish(count); }};
  }

 private:
  void produce() {
    const std::uint64_t end = std::min(sent_ + kMessagesAGo, messages_);
    for (; sent_ < end; ++sent_) send(counter_, Increment::value);
    if (sent_ == messages_) {
      send(counter_, Retrieve::value);
    } else {
      send(this, Go::value);
    }
  }

  std::uint64_t messages_;
  caf::actor counter_;
  Outcome& outcome_;
  std::uint64_t sent_ = 0;
};

// -- ThreadRing -------------------------------------------------------------------------------------------------------

class RingMember : public caf::event_based_actor {
 public:
  RingMember(caf::actor_config& config, std::uint64_t number, std::uint64_t hops, const Peers& ring, Outcome& outcome)
      : caf::event_based_actor{config}, number_{number}, hops_{hops}, ring_{ring}, outcome_{outcome} {}

  caf::behavior make_behavior() override {
    return {[this](Go) { pass(hops_); }, [this](std::uint64_t hops) { pass(hops); }};
  }

 private:
  void pass(std::uint64_t hops) {
    if (hops == 0) return outcome_.finish(number_);
    send(ring_[number_ + 1 == ring_.size() ? 0 : number_ + 1], hops - 1);
  }

  std::uint64_t number_;
  std::uint64_t hops_;
  const Peers& ring_;
  Outcome& outcome_;
};

// -- Fork-Join throughput ---------------------------------------------------------------------------------------------

class Worker : public caf::event_based_actor {
 public:
  Worker(caf::actor_config& config, std::uint64_t messages, caf::actor master)
      : caf::event_based_actor{config}, messages_{messages}, master_{std::move(master)} {}

  caf::behavior make_behavior() override {
    return {[this](Item, std::uint64_t number) {
      sum_ += mix(number);
      if (++received_ == messages_) send(master_, sum_);
    }};
  }

 private:
  std::uint64_t messages_;
  caf::actor master_;
  std::uint64_t received_ = 0;
  std::uint64_t sum_ = 0;
};

class ThroughputMaster : public caf::event_based_actor {
 public:
  ThroughputMaster(caf::actor_config& config, Work work, const Peers& workers, Outcome& outcome)
      : caf::event_based_actor{config}, work_{work}, workers_{workers}, outcome_{outcome} {}

  caf::behavior make_behavior() override {
    return {[this](Go) { fork(); },
            [this](std::uint64_t sum) {
              sum_ += sum;
              if (++joined_ == work_.agents) outcome_.finish(sum_);
            }};
  }

 private:
  void fork() {
    for (std::uint64_t sent = 0; sent < kMessagesAGo && next_ < work_.messages; ++next_) {
      for (const caf::actor& worker : workers_) send(worker, Item::value, next_);
      sent += workers_.size();
    }
    if (next_ < work_.messages) send(this, Go::value);
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
class Mayfly : public caf::event_based_actor {
 public:
  Mayfly(caf::actor_config& config, caf::actor master) : caf::event_based_actor{config}, master_{std::move(master)} {}

  caf::behavior make_behavior() override {
    return {[this](Item, std::uint64_t number) {
      send(master_, mix(number));
      quit();
    }};
  }

 private:
  caf::actor master_;
};

class CreateMaster : public caf::event_based_actor {
 public:
  CreateMaster(caf::actor_config& config, std::uint64_t agents, Outcome& outcome)
      : caf::event_based_actor{config}, agents_{agents}, outcome_{outcome} {}

  caf::behavior make_behavior() override {
    return {[this](Go) { fork(); },
            [this](std::uint64_t result) {
              sum_ += result;
              if (++joined_ == agents_) outcome_.finish(sum_);
            }};
  }

 private:
  void fork() {
    const std::uint64_t end = std::min(created_ + kMessagesAGo, agents_);
    for (; created_ < end; ++created_) send(spawn<Mayfly>(this), Item::value, created_);
    if (created_ < agents_) send(this, Go::value);
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
  const double nanoseconds = tool::raw_caf::round_trip({.round_trips = work.messages, .workers = work.workers});
  return {nanoseconds * static_cast<double>(work.messages), work.messages};
}

Finish counting(const Work& work) {
  Stage stage{work};
  const caf::actor counter = stage.add<Counter>();
  return stage.play(stage.add<Producer>(work.messages, counter, stage.outcome()));
}

Finish thread_ring(const Work& work) {
  Stage stage{work};
  Peers ring;
  ring.reserve(work.agents);
  for (std::uint64_t i = 0; i < work.agents; ++i) {
    ring.push_back(stage.add<RingMember>(i, work.messages, ring, stage.outcome()));
  }
  return stage.play(ring.front());
}

Finish fork_join_throughput(const Work& work) {
  Stage stage{work};
  Peers workers;
  const caf::actor master = stage.add<ThroughputMaster>(work, workers, stage.outcome());
  for (std::uint64_t i = 0; i < work.agents; ++i) workers.push_back(stage.add<Worker>(work.messages, master));
  return stage.play(master);
}

Finish fork_join_create(const Work& work) {
  Stage stage{work};
  return stage.play(stage.add<CreateMaster>(work.agents, stage.outcome()));
}

}  // namespace myelin::tool::savina::in_caf
