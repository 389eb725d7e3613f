#include "myelin/actors/outbox.hpp"

#include <algorithm>
#include <functional>
#include <stdexcept>

#include <boost/test/unit_test.hpp>

#include "agents.hpp"
#include "myelin/actors/deterministic_mesh.hpp"

using myelin::AgentRef;
using myelin::DeterministicMesh;
using test::Actor;
using test::Recorder;

namespace {

/// Counts frames and messages.
class Counter : public myelin::Agent {
 public:
  struct Log {
    std::vector<std::size_t> frames;
    std::vector<std::uint64_t> values;
    std::vector<std::string> texts;
  };
  explicit Counter(Log& log) : log_{log} {}
  static void handlers(myelin::Handlers<Counter>& on) {
    on.message<&Counter::ticks>();
    on.message<&Counter::notes>();
  }

 private:
  void ticks(myelin::Batch<samples::Tick> ticks) {
    log_.frames.push_back(ticks.size());
    for (const auto tick : ticks) log_.values.push_back(tick.getValue());
  }
  void notes(myelin::Batch<samples::Note> notes) {
    log_.frames.push_back(notes.size());
    for (const auto note : notes) log_.texts.emplace_back(note.getText().cStr());
  }
  Log& log_;
};

void tick(Actor& self, const AgentRef& to, std::uint64_t value) {
  self.tell(to, [&](samples::Tick::Builder message) { message.setValue(value); });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(outbox)

BOOST_AUTO_TEST_CASE(what_one_turn_tells_one_receiver_travels_as_one_frame) {
  DeterministicMesh test;
  Counter::Log log;
  const AgentRef counter = test.mesh().spawn<Counter>(log);
  test.mesh().spawn<Actor>([&](Actor& self) {
    for (int value = 0; value < 100; ++value) tick(self, counter, value);
    BOOST_TEST(log.frames.empty());
  });
  test.run();
  BOOST_TEST(log.frames == (std::vector<std::size_t>{100}), boost::test_tools::per_element());
  for (std::uint64_t value = 0; value < 100; ++value) BOOST_REQUIRE(log.values[value] == value);
}

BOOST_AUTO_TEST_CASE(a_batch_leaves_at_256) {
  DeterministicMesh test;
  Counter::Log log;
  const AgentRef counter = test.mesh().spawn<Counter>(log);
  test.mesh().spawn<Actor>([&](Actor& self) {
    for (int value = 0; value < 600; ++value) tick(self, counter, value);
  });
  test.run();
  BOOST_TEST(log.frames == (std::vector<std::size_t>{256, 256, 88}), boost::test_tools::per_element());
  for (std::uint64_t value = 0; value < 600; ++value) BOOST_REQUIRE(log.values[value] == value);
}

BOOST_AUTO_TEST_CASE(messages_with_pointers_are_batched_too_and_in_order) {
  DeterministicMesh test;
  Counter::Log log;
  const AgentRef counter = test.mesh().spawn<Counter>(log);
  test.mesh().spawn<Actor>([&](Actor& self) {
    for (int value = 0; value < 600; ++value) {
      self.tell(counter, [&](samples::Note::Builder note) { note.setText(std::to_string(value)); });
    }
  });
  test.run();
  BOOST_REQUIRE(log.texts.size() == 600U);
  for (int value = 0; value < 600; ++value) BOOST_REQUIRE(log.texts[value] == std::to_string(value));
  BOOST_TEST(log.frames.size() < 12U);
  BOOST_TEST(*std::max_element(log.frames.begin(), log.frames.end()) <= 256U);
}

BOOST_AUTO_TEST_CASE(flush_sends_at_once) {
  DeterministicMesh test;
  Counter::Log log;
  const AgentRef counter = test.mesh().spawn<Counter>(log);
  test.mesh().spawn<Actor>([&](Actor& self) {
    tick(self, counter, 1);
    tick(self, counter, 2);
    self.flush();
    tick(self, counter, 3);
  });
  test.run();
  BOOST_TEST(log.frames == (std::vector<std::size_t>{2, 1}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(order_is_kept_across_types_frames_and_questions) {
  DeterministicMesh test;
  Recorder::Log log;
  const AgentRef recorder = test.mesh().spawn<Recorder>(log);
  test.mesh().spawn<Actor>([&](Actor& self) {
    tick(self, recorder, 1);
    tick(self, recorder, 2);
    self.tell(recorder, [](samples::Note::Builder note) { note.setText("a"); });
    tick(self, recorder, 3);
    self.send(recorder, myelin::make_frame<samples::Note>([](auto note) { note.setText("b"); }));
    tick(self, recorder, 4);
    self.ask<samples::Note>(
        recorder, [](samples::Note::Builder note) { note.setText("c"); }, std::chrono::seconds{1}, [](auto) {});
    tick(self, recorder, 5);
  });
  test.run();
  const std::vector<std::string> expected{"tick 1", "tick 2", "note a", "tick 3",
                                          "note b", "tick 4", "note c", "tick 5"};
  BOOST_TEST(log.order == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(many_receivers_each_get_their_own_in_order) {
  DeterministicMesh test;
  std::vector<Counter::Log> logs(100);
  std::vector<AgentRef> counters;
  for (auto& log : logs) counters.push_back(test.mesh().spawn<Counter>(log));
  test.mesh().spawn<Actor>([&](Actor& self) {
    for (std::uint64_t value = 0; value < 10; ++value) {
      for (const AgentRef& counter : counters) tick(self, counter, value);
    }
  });
  test.run();
  for (const auto& log : logs) {
    BOOST_REQUIRE(log.values.size() == 10U);
    for (std::uint64_t value = 0; value < 10; ++value) BOOST_REQUIRE(log.values[value] == value);
  }
}

BOOST_AUTO_TEST_CASE(what_is_told_to_nobody_is_a_dead_letter) {
  DeterministicMesh test;
  Counter::Log log;
  const AgentRef counter = test.mesh().spawn<Counter>(log);
  test.mesh().spawn<Actor>([&](Actor& self) {
    tick(self, AgentRef{}, 1);
    tick(self, counter, 2);
  });
  test.run();
  BOOST_TEST(test.mesh().dead_letters().count(myelin::Errc::receiver_dead) == 1U);
  BOOST_TEST(log.values == (std::vector<std::uint64_t>{2}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(filling_in_a_message_may_not_send_others) {
  DeterministicMesh test;
  Counter::Log log;
  const AgentRef counter = test.mesh().spawn<Counter>(log);
  int refused = 0;
  test.mesh().spawn<Actor>([&](Actor& self) {
    const std::vector<std::function<void()>> misuses{
        [&] { tick(self, counter, 9); }, [&] { self.flush(); },
        [&] { self.send(counter, myelin::make_frame<samples::Tick>([](auto) {})); },
        [&] {
          self.ask<samples::Tick>(
              counter, [](samples::Tick::Builder) {}, std::chrono::seconds{1}, [](auto) {});
        }};
    for (const auto& misuse : misuses) {
      try {
        self.tell(counter, [&](samples::Note::Builder note) {
          note.setText("half");
          misuse();
        });
      } catch (const std::logic_error&) {
        ++refused;
      }
    }
    self.tell(counter, [](samples::Note::Builder note) { note.setId(1); });
    tick(self, counter, 1);
  });
  test.run();
  BOOST_TEST(refused == 4);
  BOOST_TEST(log.texts == (std::vector<std::string>{""}), boost::test_tools::per_element());  // nothing of "half"
  BOOST_TEST(log.values == (std::vector<std::uint64_t>{1}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(large_messages_leave_before_the_batch_is_full) {
  DeterministicMesh test;
  Counter::Log log;
  const AgentRef counter = test.mesh().spawn<Counter>(log);
  const std::string large(400'000, 'x');
  test.mesh().spawn<Actor>([&](Actor& self) {
    for (int count = 0; count < 20; ++count) {
      self.tell(counter, [&](samples::Note::Builder note) { note.setText(large); });
    }
  });
  test.run();
  BOOST_TEST(log.texts.size() == 20U);
  BOOST_TEST(*std::max_element(log.frames.begin(), log.frames.end()) <= 4U);
}

BOOST_AUTO_TEST_CASE(a_message_whose_filling_in_throws_is_not_sent_but_those_before_are) {
  DeterministicMesh test;
  Counter::Log log;
  const AgentRef counter = test.mesh().spawn<Counter>(log);
  test.mesh().spawn<Actor>([&](Actor& self) {
    tick(self, counter, 1);
    self.tell(counter, [](samples::Tick::Builder message) {
      message.setValue(2);
      throw std::runtime_error{"changed its mind"};
    });
  });
  test.run();
  BOOST_TEST(log.values == (std::vector<std::uint64_t>{1}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
