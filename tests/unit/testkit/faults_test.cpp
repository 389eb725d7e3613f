#include "myelin/testkit/faults.hpp"

#include <boost/test/unit_test.hpp>

#include "agents.hpp"
#include "myelin/testkit/probe.hpp"

using myelin::AgentRef;
using myelin::Errc;
using myelin::testkit::Probe;
using myelin::testkit::TestMesh;
using test::Counter;
using test::Doubler;
using test::Relay;
using namespace std::chrono_literals;

BOOST_TEST_DONT_PRINT_LOG_VALUE(myelin::Errc)

namespace {

std::vector<std::uint64_t> values_at(const Probe& probe) {
  std::vector<std::uint64_t> values;
  for (const auto& tick : probe.received<samples::Tick>()) values.push_back(tick->getValue());
  return values;
}

myelin::Result<myelin::Held<samples::Tick>> ask(TestMesh& mesh, const AgentRef& to) {
  return mesh.ask<samples::Tick>(
      to, [](samples::Tick::Builder tick) { tick.setValue(21); }, 1s);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(faults)

BOOST_AUTO_TEST_CASE(a_dropped_message_is_counted_by_the_kit_and_is_no_dead_letter) {
  TestMesh mesh{1};
  Probe probe{mesh};
  const auto fault = mesh.faults().drop<samples::Tick>({.to = probe.ref()});
  const AgentRef relay = mesh.spawn<Relay>(probe.ref());
  mesh.tell(relay, [](samples::Tick::Builder) {});
  mesh.tell(relay, [](samples::Note::Builder) {});
  probe.expect<samples::Note>();
  probe.expect_none();
  BOOST_TEST(mesh.faults().counts().dropped == 1U);
  BOOST_TEST(mesh.dead_letters().recent().empty());
  mesh.faults().remove(fault);
  mesh.tell(relay, [](samples::Tick::Builder) {});
  probe.expect<samples::Tick>();
}

BOOST_AUTO_TEST_CASE(the_asker_of_a_lost_question_or_answer_waits_until_its_deadline) {
  for (const bool question : {true, false}) {
    TestMesh mesh{1};
    const AgentRef doubler = mesh.spawn<Doubler>();
    if (question) {
      mesh.faults().drop({.to = doubler});
    } else {
      mesh.faults().drop({.from = doubler});
    }
    const auto answer = ask(mesh, doubler);
    BOOST_REQUIRE(!answer.has_value());
    BOOST_TEST(answer.error().code == Errc::timeout);
    BOOST_TEST((mesh.elapsed() == 1s));
    BOOST_TEST(mesh.faults().counts().dropped == 1U);
    mesh.faults().reset();
    BOOST_TEST(ask(mesh, doubler).has_value());
  }
}

BOOST_AUTO_TEST_CASE(a_lost_failure_leaves_the_asker_waiting_too) {
  TestMesh mesh{1};
  Probe probe{mesh};
  probe.reply_with<samples::Tick, samples::Note>([](auto, auto) {});
  mesh.faults().drop({.from = probe.ref()});
  mesh.crash(probe.ref());
  mesh.run();
  BOOST_TEST(ask(mesh, probe.ref()).error().code == Errc::receiver_dead);  // not from it: nobody runs any more
  const AgentRef doubler = mesh.spawn<Doubler>();
  mesh.faults().drop({.from = doubler});
  const auto unhandled = mesh.ask<samples::Tick>(
      doubler, [](samples::Note::Builder) {}, 1s);
  BOOST_TEST(unhandled.error().code == Errc::timeout);
}

BOOST_AUTO_TEST_CASE(a_probability_strikes_about_so_often_and_times_bound_it) {
  TestMesh mesh{7};
  Probe probe{mesh};
  mesh.faults().drop({.to = probe.ref(), .probability = 0.25});
  mesh.spawn<Counter>(probe.ref(), 0, 1000);
  mesh.run();
  BOOST_TEST(mesh.faults().counts().dropped > 200U);
  BOOST_TEST(mesh.faults().counts().dropped < 300U);
  BOOST_TEST(values_at(probe).size() == 1000 - mesh.faults().counts().dropped);
  mesh.faults().reset();
  mesh.faults().drop({.to = probe.ref(), .times_max = 3});
  const std::uint64_t before = mesh.faults().counts().dropped;
  mesh.spawn<Counter>(probe.ref(), 0, 10);
  mesh.run();
  BOOST_TEST(mesh.faults().counts().dropped == before + 3);
}

BOOST_AUTO_TEST_CASE(a_duplicated_message_comes_twice) {
  TestMesh mesh{1};
  Probe probe{mesh};
  mesh.faults().duplicate<samples::Tick>();
  mesh.spawn<Counter>(probe.ref(), 1, 2);
  mesh.run();
  BOOST_TEST(values_at(probe) == (std::vector<std::uint64_t>{1, 1, 2, 2}), boost::test_tools::per_element());
  BOOST_TEST(mesh.faults().counts().duplicated == 2U);
}

BOOST_AUTO_TEST_CASE(a_duplicated_question_is_answered_twice_and_the_asker_sees_one_answer) {
  TestMesh mesh{1};
  const AgentRef doubler = mesh.spawn<Doubler>();
  mesh.faults().duplicate({.to = doubler});
  BOOST_TEST((*ask(mesh, doubler))->getValue() == 42U);
  mesh.run();
  BOOST_TEST(mesh.dead_letters().count(Errc::late_answer) == 1U);
}

BOOST_AUTO_TEST_CASE(a_delayed_message_comes_later_and_what_follows_it_waits_behind) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    TestMesh mesh{seed};
    Probe probe{mesh};
    mesh.faults().delay(5ms, 50ms, {.to = probe.ref(), .probability = 0.3});
    mesh.spawn<Counter>(probe.ref(), 0, 20);
    mesh.spawn<Counter>(probe.ref(), 1000, 20);
    mesh.run();
    const std::size_t at_once = values_at(probe).size();
    BOOST_TEST(at_once + mesh.faults().counts().delayed == 40U);
    mesh.advance(50ms);
    std::uint64_t next[2] = {0, 1000};
    for (const std::uint64_t value : values_at(probe)) BOOST_REQUIRE(value == next[value / 1000]++);
    BOOST_TEST(values_at(probe).size() == 40U);
  }
}

BOOST_AUTO_TEST_CASE(a_delay_that_does_not_keep_order_lets_later_messages_overtake) {
  TestMesh mesh{4};
  Probe probe{mesh};
  mesh.faults().delay(5ms, 50ms, {.to = probe.ref(), .probability = 0.5, .keep_order = false});
  mesh.spawn<Counter>(probe.ref(), 0, 20);
  mesh.advance(50ms);
  const auto values = values_at(probe);
  BOOST_TEST(values.size() == 20U);
  BOOST_TEST(!std::is_sorted(values.begin(), values.end()));
}

BOOST_AUTO_TEST_CASE(an_answer_that_is_delayed_beyond_the_deadline_is_late) {
  TestMesh mesh{1};
  const AgentRef doubler = mesh.spawn<Doubler>();
  mesh.faults().delay(2s, 2s, {.from = doubler});
  BOOST_TEST(ask(mesh, doubler).error().code == Errc::timeout);
  mesh.advance(2s);
  BOOST_TEST(mesh.dead_letters().count(Errc::late_answer) == 1U);
}

BOOST_AUTO_TEST_CASE(an_agent_crashes_at_the_message_after_so_many_as_if_its_handler_had_thrown) {
  TestMesh mesh{1};
  Probe probe{mesh};
  const AgentRef doubler = mesh.spawn<Doubler>();
  mesh.faults().crash(doubler, {.after = 2});
  BOOST_TEST(ask(mesh, doubler).has_value());
  BOOST_TEST(ask(mesh, doubler).has_value());
  const auto failed = ask(mesh, doubler);
  BOOST_TEST(failed.error().code == Errc::handler_failed);
  const auto down = probe.expect_down(doubler);
  BOOST_TEST(down.failed);
  BOOST_TEST(down.reason.find("injected") != std::string::npos, down.reason);
  BOOST_TEST(mesh.faults().counts().crashed == 1U);
}

BOOST_AUTO_TEST_CASE(agents_that_are_cut_off_from_each_other_hear_others) {
  TestMesh mesh{2};
  Probe a{mesh}, b{mesh}, c{mesh};
  mesh.faults().cut(a.ref(), b.ref());
  const auto greet = [](Probe& from, Probe& to) { from.tell(to.ref(), [](samples::Tick::Builder) {}); };
  greet(a, b);
  greet(b, a);
  greet(c, a);
  greet(a, c);
  mesh.run();
  BOOST_TEST(a.waiting() == 1U);
  BOOST_TEST(b.waiting() == 0U);
  BOOST_TEST(c.waiting() == 1U);
}

BOOST_AUTO_TEST_CASE(messages_still_on_their_way_at_the_end_are_let_go) {
  TestMesh mesh{1};
  const AgentRef doubler = mesh.spawn<Doubler>();
  mesh.faults().delay(1h, 1h);
  mesh.tell(doubler, [](samples::Tick::Builder) {});
  BOOST_TEST(ask(mesh, doubler).error().code == Errc::timeout);
  BOOST_TEST((mesh.next_due() - mesh.now() == 1h - 1s));
}

BOOST_AUTO_TEST_SUITE_END()
