#include "myelin/actors/agent.hpp"

#include <boost/test/unit_test.hpp>

#include "agents.hpp"
#include "myelin/actors/deterministic_mesh.hpp"

using myelin::AgentRef;
using myelin::Batch;
using myelin::DeterministicMesh;
using myelin::Errc;
using myelin::Held;
using myelin::make_frame;
using test::Actor;
using test::Recorder;

namespace {

/// Takes each kind of parameter that a handler may have.
class EveryKind : public myelin::Agent {
 public:
  struct Log {
    std::vector<std::size_t> batches;
    std::vector<Held<samples::Note>> notes;
    bool started = false, stopped = false;
    int turn_ends = 0;
  };
  explicit EveryKind(Log& log) : log_{log} {}
  static void handlers(myelin::Handlers<EveryKind>& on) {
    on.message<&EveryKind::ticks>();
    on.message<&EveryKind::keep>();
    on.message<&EveryKind::end>();
  }
  void on_start() override { log_.started = true; }
  void on_stop() override { log_.stopped = true; }
  void on_turn_end() override { ++log_.turn_ends; }

 private:
  void ticks(Batch<samples::Tick> ticks) { log_.batches.push_back(ticks.size()); }
  void keep(const Held<samples::Note>& note) { log_.notes.push_back(Held<samples::Note>{note.frame()}); }
  void end(samples::Empty::Reader) { stop(); }
  Log& log_;
};

/// Fails at the first Tick.
class Fragile : public myelin::Agent {
 public:
  static void handlers(myelin::Handlers<Fragile>& on) { on.message<&Fragile::tick>(); }

 private:
  void tick(samples::Tick::Reader) { throw std::runtime_error{"the tick was too much"}; }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(agent)

BOOST_AUTO_TEST_CASE(a_message_is_handed_over_without_a_copy) {
  DeterministicMesh test;
  Recorder::Log log;
  const AgentRef recorder = test.mesh().spawn<Recorder>(log);
  const void* built_at = nullptr;
  test.mesh().tell(recorder, [&](samples::Note::Builder note) {
    note.setText("here");
    built_at = note.getText().begin();
  });
  BOOST_TEST(log.notes.empty());  // nothing runs on the sender's thread
  BOOST_TEST(test.run() == 1U);
  BOOST_REQUIRE(log.places.size() == 1U);
  BOOST_TEST(log.places[0] == built_at);
}

BOOST_AUTO_TEST_CASE(one_frame_may_go_to_many_agents_and_is_shared) {
  DeterministicMesh test;
  Recorder::Log a, b;
  const auto frame = make_frame<samples::Note>([](auto note) { note.setText("to all"); });
  test.mesh().send(test.mesh().spawn<Recorder>(a), frame);
  test.mesh().send(test.mesh().spawn<Recorder>(b), frame);
  test.run();
  BOOST_REQUIRE(a.places.size() == 1U);
  BOOST_REQUIRE(b.places.size() == 1U);
  BOOST_TEST(a.places[0] == b.places[0]);
}

BOOST_AUTO_TEST_CASE(handlers_take_messages_as_they_ask_to) {
  DeterministicMesh test;
  EveryKind::Log log;
  const AgentRef agent = test.mesh().spawn<EveryKind>(log);
  test.run();
  BOOST_TEST(log.started);
  myelin::BatchBuilder<samples::Tick> ticks;
  for (int count = 0; count < 7; ++count) ticks.add().setValue(count);
  test.mesh().send(agent, ticks.finish());
  test.mesh().tell<samples::Tick>(agent, [](auto) {});
  test.mesh().tell<samples::Note>(agent, [](auto note) { note.setText("kept"); });
  test.run();
  BOOST_TEST(log.batches == (std::vector<std::size_t>{7, 1}), boost::test_tools::per_element());
  BOOST_REQUIRE(log.notes.size() == 1U);
  BOOST_TEST(log.turn_ends > 0);
  test.mesh().tell<samples::Empty>(agent, [](auto) {});
  test.run();
  BOOST_TEST(log.stopped);
  BOOST_TEST(test.mesh().agents_running() == 0U);
  BOOST_TEST(log.notes[0]->getText().cStr() == "kept");  // longer than the agent lived
}

BOOST_AUTO_TEST_CASE(a_batch_runs_once_for_each_message_of_it) {
  DeterministicMesh test;
  Recorder::Log log;
  const AgentRef recorder = test.mesh().spawn<Recorder>(log);
  myelin::BatchBuilder<samples::Note> notes;
  notes.add().setText("a");
  notes.add().setText("b");
  test.mesh().send(recorder, notes.finish());
  test.run();
  BOOST_TEST(log.notes == (std::vector<std::string>{"a", "b"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(control_goes_first_and_bulk_last_but_not_never) {
  DeterministicMesh test;
  Recorder::Log log;
  const AgentRef recorder = test.mesh().spawn<Recorder>(log);
  for (int count = 0; count < 20; ++count) {
    test.mesh().tell<samples::Tick>(
        recorder, [&](auto tick) { tick.setValue(3000 + count); }, myelin::Lane::bulk);
    test.mesh().tell<samples::Tick>(
        recorder, [&](auto tick) { tick.setValue(2000 + count); }, myelin::Lane::normal);
    test.mesh().tell<samples::Tick>(
        recorder, [&](auto tick) { tick.setValue(1000 + count); }, myelin::Lane::high);
  }
  test.mesh().tell<samples::Tick>(
      recorder, [](auto tick) { tick.setValue(1); }, myelin::Lane::control);
  test.run();
  BOOST_REQUIRE(log.ticks.size() == 61U);
  BOOST_TEST(log.ticks[0] == 1U);
  // Within the first 13, each lane has its share; within a lane, order is kept.
  int high = 0, normal = 0, bulk = 0;
  std::uint64_t last[4] = {};
  for (std::size_t at = 1; at < log.ticks.size(); ++at) {
    const std::uint64_t tick = log.ticks[at];
    BOOST_REQUIRE(tick > last[tick / 1000]);
    last[tick / 1000] = tick;
    if (at <= 13) ++(tick < 2000 ? high : tick < 3000 ? normal : bulk);
  }
  BOOST_TEST(high == 8);
  BOOST_TEST(normal == 4);
  BOOST_TEST(bulk == 1);
}

BOOST_AUTO_TEST_CASE(an_agent_that_stops_or_fails_within_a_batch_leaves_the_rest_to_the_dead_letters) {
  class Choosy : public myelin::Agent {
   public:
    explicit Choosy(std::vector<std::uint64_t>& taken) : taken_{taken} {}
    static void handlers(myelin::Handlers<Choosy>& on) { on.message<&Choosy::tick>(); }

   private:
    void tick(samples::Tick::Reader tick) {
      taken_.push_back(tick.getValue());
      if (tick.getValue() == 3) stop();
      if (tick.getValue() == 14) throw std::runtime_error{"fourteen"};
    }
    std::vector<std::uint64_t>& taken_;
  };
  for (const std::uint64_t last : {3, 14}) {
    DeterministicMesh test;
    std::vector<std::uint64_t> taken;
    const AgentRef agent = test.mesh().spawn<Choosy>(taken);
    myelin::BatchBuilder<samples::Tick> ticks;
    for (std::uint64_t value = last - 2; value < last + 8; ++value) ticks.add().setValue(value);
    test.mesh().send(agent, ticks.finish());
    test.run();
    BOOST_TEST(taken.back() == last);
    BOOST_TEST(taken.size() == 3U);
    BOOST_TEST(test.mesh().dead_letters().count(Errc::receiver_dead) == 7U);
    BOOST_TEST(test.mesh().agents_running() == 0U);
  }
}

BOOST_AUTO_TEST_CASE(an_empty_frame_is_a_dead_letter) {
  DeterministicMesh test;
  Recorder::Log log;
  test.mesh().send(test.mesh().spawn<Recorder>(log), myelin::Frame{});
  test.run();
  BOOST_TEST(test.mesh().dead_letters().count(Errc::invalid_argument) == 1U);
}

BOOST_AUTO_TEST_CASE(an_unhandled_message_is_a_dead_letter) {
  DeterministicMesh test;
  const AgentRef agent = test.mesh().spawn<Fragile>();
  test.mesh().tell<samples::Note>(agent, [](auto) {});
  test.run();
  BOOST_TEST(test.mesh().dead_letters().count(Errc::unhandled_type) == 1U);
  const auto letters = test.mesh().dead_letters().recent();
  BOOST_REQUIRE(letters.size() == 1U);
  BOOST_TEST(letters[0].receiver == agent.id());
  BOOST_TEST(letters[0].frame.type() == myelin::kTypeId<samples::Note>);
}

BOOST_AUTO_TEST_CASE(a_message_to_a_stopped_agent_or_to_none_is_a_dead_letter) {
  DeterministicMesh test;
  int seen = 0;
  const auto subscription = test.mesh().dead_letters().observe(
      [&](const myelin::DeadLetter& letter) { seen += letter.cause == Errc::receiver_dead; });
  Recorder::Log log;
  const AgentRef recorder = test.mesh().spawn<Recorder>(log);
  test.mesh().stop_agent(recorder);
  test.run();
  BOOST_TEST(test.mesh().agents_running() == 0U);
  test.mesh().tell<samples::Tick>(recorder, [](auto) {});
  test.mesh().tell<samples::Tick>(AgentRef{}, [](auto) {});
  BOOST_TEST(test.mesh().dead_letters().count(Errc::receiver_dead) == 2U);
  BOOST_TEST(seen == 2);
}

BOOST_AUTO_TEST_CASE(what_waits_when_an_agent_stops_is_a_dead_letter) {
  DeterministicMesh test;
  Recorder::Log log;
  const AgentRef recorder = test.mesh().spawn<Recorder>(log);
  for (int count = 0; count < 3; ++count) test.mesh().tell<samples::Tick>(recorder, [](auto) {});
  test.mesh().stop_agent(recorder);  // control overtakes
  test.run();
  BOOST_TEST(log.ticks.empty());
  BOOST_TEST(test.mesh().dead_letters().count(Errc::receiver_dead) == 3U);
}

BOOST_AUTO_TEST_CASE(a_handler_that_throws_fails_its_agent_only_and_watchers_learn_why) {
  DeterministicMesh test;
  const AgentRef fragile = test.mesh().spawn<Fragile>();
  Actor* watcher = nullptr;
  const AgentRef watching = test.mesh().spawn<Actor>([&](Actor& self) {
    watcher = &self;
    self.watch(fragile);
  });
  test.run();
  test.mesh().tell<samples::Tick>(fragile, [](auto) {});
  test.run();
  BOOST_REQUIRE(watcher->downs.size() == 1U);
  BOOST_TEST(watcher->downs[0].agent == fragile.id());
  BOOST_TEST(watcher->downs[0].failed);
  BOOST_TEST(watcher->downs[0].reason == "the tick was too much");
  BOOST_TEST(test.mesh().agents_running() == 1U);
}

BOOST_AUTO_TEST_CASE(a_watcher_learns_of_a_stop_and_of_one_that_was_long_ago) {
  DeterministicMesh test;
  Recorder::Log log;
  const AgentRef recorder = test.mesh().spawn<Recorder>(log);
  Actor* watcher = nullptr;
  const AgentRef watching = test.mesh().spawn<Actor>([&](Actor& self) {
    watcher = &self;
    self.watch(recorder);
  });
  test.run();
  test.mesh().stop_agent(recorder);
  test.run();
  BOOST_REQUIRE(watcher->downs.size() == 1U);
  BOOST_TEST(!watcher->downs[0].failed);
  test.mesh().tell<samples::Empty>(watching, [](auto) {});  // watches again
  test.run();
  BOOST_TEST(watcher->downs.size() == 2U);
}

BOOST_AUTO_TEST_CASE(linked_agents_fail_together_but_stop_alone) {
  for (const bool fails : {true, false}) {
    DeterministicMesh test;
    Recorder::Log log;
    const AgentRef recorder = test.mesh().spawn<Recorder>(log);
    const AgentRef linked = test.mesh().spawn<Actor>([&, first = true](Actor& self) mutable {
      if (std::exchange(first, false)) {
        self.link(recorder);
      } else if (fails) {
        self.fail({Errc::invalid_argument, "enough"});
      } else {
        self.stop();
      }
    });
    test.run();
    test.mesh().tell<samples::Empty>(linked, [](auto) {});
    test.run();
    BOOST_TEST(test.mesh().agents_running() == (fails ? 0U : 1U));
  }
}

BOOST_AUTO_TEST_CASE(timers_fire_in_order_when_due_and_not_when_cancelled) {
  DeterministicMesh test;
  std::vector<std::string> fired;
  const AgentRef agent = test.mesh().spawn<Actor>([&](Actor& self) {
    using namespace std::chrono_literals;
    self.after(30ms, [&] { fired.emplace_back("thirty"); });
    self.after(10ms, [&] {
      fired.emplace_back("ten");
      self.after(5ms, [&] { fired.emplace_back("fifteen"); });
    });
    self.cancel(self.after(20ms, [&] { fired.emplace_back("never"); }));
  });
  test.run();
  const auto step = [&](int milliseconds) {
    test.advance(std::chrono::milliseconds{milliseconds});
    test.run();
  };
  step(9);
  BOOST_TEST(fired.empty());
  step(1);
  BOOST_TEST(fired.size() == 1U);
  step(5);
  step(15);
  BOOST_TEST(fired == (std::vector<std::string>{"ten", "fifteen", "thirty"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(timers_due_together_fire_in_the_order_they_were_set_and_a_turn_of_them_ends) {
  DeterministicMesh test;
  std::vector<int> fired;
  const AgentRef agent = test.mesh().spawn<Actor>([&](Actor& self) {
    for (int timer = 0; timer < 20; ++timer) {
      self.after(std::chrono::milliseconds{5}, [&, timer] {
        fired.push_back(timer);
        if (timer == 19) self.after(std::chrono::nanoseconds{0}, [&] { fired.push_back(99); });
      });
    }
  });
  test.run();
  test.advance(std::chrono::milliseconds{5});
  test.run();
  BOOST_REQUIRE(fired.size() >= 20U);
  for (int timer = 0; timer < 20; ++timer) BOOST_TEST(fired[timer] == timer);
}

BOOST_AUTO_TEST_CASE(an_offloaded_job_comes_back_as_a_message) {
  DeterministicMesh test;
  int result = 0;
  bool inside = false;
  const AgentRef agent = test.mesh().spawn<Actor>([&](Actor& self) {
    inside = true;
    self.offload([] { return 42; },
                 [&](int value) {
                   BOOST_TEST(!inside);
                   result = value;
                 });
    inside = false;
  });
  test.run();
  BOOST_TEST(result == 42);
}

BOOST_AUTO_TEST_CASE(a_class_with_two_handlers_of_one_type_is_refused) {
  class Confused : public myelin::Agent {
   public:
    static void handlers(myelin::Handlers<Confused>& on) {
      on.message<&Confused::one>();
      on.message<&Confused::other>();
    }

   private:
    void one(samples::Tick::Reader) {}
    void other(Batch<samples::Tick>) {}
  };
  DeterministicMesh test;
  BOOST_CHECK_THROW(test.mesh().spawn<Confused>(), std::logic_error);
}

BOOST_AUTO_TEST_CASE(a_handler_for_any_message_takes_what_no_other_takes) {
  class Curious : public myelin::Agent {
   public:
    explicit Curious(std::vector<std::string>& log) : log_{log} {}
    static void handlers(myelin::Handlers<Curious>& on) {
      on.any<&Curious::other>();
      on.message<&Curious::tick>();
    }

   private:
    void tick(samples::Tick::Reader) { log_.emplace_back("tick"); }
    void other(myelin::Frame frame, myelin::ReplyAddress reply) {
      log_.push_back(Held<samples::Note> { frame } -> getText());
      if (reply.wanted()) reply.send(frame);
    }
    std::vector<std::string>& log_;
  };
  DeterministicMesh test;
  std::vector<std::string> log;
  const AgentRef curious = test.mesh().spawn<Curious>(log);
  test.mesh().tell<samples::Tick>(curious, [](auto) {});
  test.mesh().tell<samples::Note>(curious, [](auto note) { note.setText("told"); });
  std::string answer;
  test.mesh().spawn<Actor>([&](Actor& self) {
    self.ask<samples::Note>(
        curious, [](samples::Note::Builder note) { note.setText("asked"); }, std::chrono::seconds{1},
        [&](auto result) { answer = (*result)->getText(); });
  });
  test.run();
  BOOST_TEST(log == (std::vector<std::string>{"tick", "told", "asked"}), boost::test_tools::per_element());
  BOOST_TEST(answer == "asked");
}

BOOST_AUTO_TEST_CASE(agents_start_agents) {
  DeterministicMesh test;
  Recorder::Log log;
  const AgentRef parent = test.mesh().spawn<Actor>([&](Actor& self) {
    const AgentRef child = self.spawn<Recorder>(log);
    self.tell<samples::Tick>(child, [](auto tick) { tick.setValue(5); });
  });
  test.run();
  BOOST_TEST(log.ticks.size() == 1U);
  BOOST_TEST(test.mesh().agents_running() == 2U);
}

BOOST_AUTO_TEST_CASE(a_stopping_mesh_stops_its_agents_and_starts_no_more) {
  DeterministicMesh test;
  EveryKind::Log log;
  const AgentRef agent = test.mesh().spawn<EveryKind>(log);
  BOOST_TEST(test.mesh().stop() == 0U);
  BOOST_TEST(log.stopped);
  BOOST_TEST(!test.mesh().spawn<EveryKind>(log));
}

BOOST_AUTO_TEST_SUITE_END()
