#include "myelin/testkit/probe.hpp"

#include <boost/test/unit_test.hpp>

#include "agents.hpp"

using myelin::AgentRef;
using myelin::Errc;
using myelin::testkit::ExpectationFailed;
using myelin::testkit::Probe;
using myelin::testkit::TestMesh;
using test::Clockwork;
using test::Counter;
using test::Doubler;
using test::Relay;
using namespace std::chrono_literals;

BOOST_TEST_DONT_PRINT_LOG_VALUE(myelin::Errc)

namespace {

void tell(Probe& probe, const AgentRef& to, std::uint64_t value) {
  probe.tell(to, [&](samples::Tick::Builder tick) { tick.setValue(value); });
}

auto is(std::uint64_t value) {
  return [value](samples::Tick::Reader tick) { return tick.getValue() == value; };
}

/// What an expectation that fails says.
template <class Expect>
std::string failure_of(Expect&& expect) {
  try {
    expect();
  } catch (const ExpectationFailed& failure) {
    return failure.what();
  }
  return "nothing failed";
}

bool says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

BOOST_AUTO_TEST_SUITE(probe)

BOOST_AUTO_TEST_CASE(an_expected_message_is_waited_for_and_taken) {
  for (const std::uint64_t seed : {0, 1, 2, 3}) {
    TestMesh mesh{seed};
    Probe probe{mesh};
    const AgentRef relay = mesh.spawn<Relay>(mesh.spawn<Relay>(probe.ref()));
    tell(probe, relay, 7);
    BOOST_TEST(probe.expect<samples::Tick>(is(7))->getValue() == 7U);
    probe.expect_none();
  }
}

BOOST_AUTO_TEST_CASE(messages_of_a_batch_are_expected_one_by_one) {
  TestMesh mesh;
  Probe probe{mesh};
  myelin::BatchBuilder<samples::Tick> ticks;
  for (std::uint64_t value = 1; value <= 3; ++value) ticks.add().setValue(value);
  mesh.send(probe.ref(), ticks.finish());
  BOOST_TEST(probe.expect<samples::Tick>(is(2))->getValue() == 2U);
  BOOST_TEST(probe.expect_next<samples::Tick>()->getValue() == 1U);
  BOOST_TEST(probe.waiting() == 1U);
  BOOST_TEST(probe.received<samples::Tick>().size() == 3U);
  BOOST_CHECK_THROW(probe.expect<samples::Tick>(is(2)), ExpectationFailed);
}

BOOST_AUTO_TEST_CASE(a_failed_expectation_says_what_came_instead_and_how) {
  TestMesh mesh;
  Probe probe{mesh, "client"};
  const AgentRef relay = mesh.spawn<Relay>(probe.ref());
  tell(probe, relay, 41);
  probe.tell(relay, [](samples::Note::Builder note) { note.setText("x"); });
  const std::string text = failure_of([&] { probe.expect<samples::Tick>(is(42)); });
  BOOST_TEST(says(text, "client expected Tick without time passing"), text);
  BOOST_TEST(says(text, "1 Note"), text);
  BOOST_TEST(says(text, "value = 41"), text);
  BOOST_TEST(says(text, "Relay 2 handles Tick from client 1"), text);
}

BOOST_AUTO_TEST_CASE(expect_next_insists_on_the_oldest_message) {
  TestMesh mesh;
  Probe probe{mesh};
  const AgentRef counter = mesh.spawn<Counter>(probe.ref(), 1, 2);
  const std::string text = failure_of([&] { probe.expect_next<samples::Tick>(is(2)); });
  BOOST_TEST(says(text, "expected Tick next, without"), text);
  BOOST_TEST(probe.expect_next<samples::Tick>(is(1))->getValue() == 1U);
}

BOOST_AUTO_TEST_CASE(expect_none_fails_for_what_came_and_what_comes_in_time) {
  TestMesh mesh;
  Probe probe{mesh};
  const AgentRef clockwork = mesh.spawn<Clockwork>(probe.ref());
  probe.expect_none(999ms);
  BOOST_TEST((mesh.elapsed() == 999ms));
  // The kit has not met the type: neither the test nor a handler has named it.
  BOOST_TEST(says(failure_of([&] { probe.expect_none(1ms); }), "it got 1 of type 0x"));
  mesh.name_type<samples::Tick>();
  BOOST_TEST(says(failure_of([&] { probe.expect_none(); }), "it got 1 Tick"));
}

BOOST_AUTO_TEST_CASE(an_expectation_lets_no_more_time_pass_than_it_must) {
  TestMesh mesh{5};
  Probe probe{mesh};
  const AgentRef clockwork = mesh.spawn<Clockwork>(probe.ref());
  BOOST_CHECK_THROW(probe.expect<samples::Tick>(), ExpectationFailed);
  BOOST_TEST((mesh.elapsed() == 0s));
  probe.expect<samples::Tick>(is(3), 10s);
  BOOST_TEST((mesh.elapsed() == 3s));
}

BOOST_AUTO_TEST_CASE(a_question_is_answered_by_the_test_or_by_a_rule) {
  TestMesh mesh{1};
  Probe server{mesh, "server"}, client{mesh, "client"};
  // By a rule.
  server.reply_with<samples::Tick, samples::Note>(
      [](samples::Tick::Reader tick, samples::Note::Builder note) { note.setId(tick.getValue() + 1); });
  const auto ask = [&] {
    return client.ask<samples::Note>(server.ref(), [](samples::Tick::Builder tick) { tick.setValue(4); });
  };
  const auto answer = ask();
  BOOST_REQUIRE(answer.has_value());
  BOOST_TEST((*answer)->getId() == 5U);
  server.expect_none();
  BOOST_TEST(server.received<samples::Tick>().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_taken_question_is_answered_later_with_a_message_or_an_error) {
  class Asker : public myelin::Agent {
   public:
    Asker(AgentRef server, std::vector<std::string>& log) : server_{std::move(server)}, log_{log} {}
    static void handlers(myelin::Handlers<Asker>&) {}
    void on_start() override {
      for (std::uint64_t value : {1, 2}) {
        ask<samples::Note>(
            server_, [&](samples::Tick::Builder tick) { tick.setValue(value); }, 1s,
            [this](auto answer) { log_.push_back(answer ? (*answer)->getText().cStr() : to_string(answer.error())); });
      }
    }

   private:
    AgentRef server_;
    std::vector<std::string>& log_;
  };
  TestMesh mesh{1};
  Probe server{mesh};
  std::vector<std::string> log;
  mesh.spawn<Asker>(server.ref(), log);
  server.expect<samples::Tick>(is(1));
  server.reply<samples::Note>([](samples::Note::Builder note) { note.setText("well"); });
  server.expect<samples::Tick>(is(2));
  server.reply_error({Errc::overloaded, "not now"});
  mesh.run();
  BOOST_TEST(log == (std::vector<std::string>{"well", "overloaded: not now"}), boost::test_tools::per_element());
  BOOST_CHECK_THROW(server.reply<samples::Note>([](auto) {}), ExpectationFailed);
}

BOOST_AUTO_TEST_CASE(the_end_of_an_agent_is_expected) {
  TestMesh mesh{3};
  Probe probe{mesh};
  const AgentRef stopped = mesh.spawn<Doubler>(), crashed = mesh.spawn<Doubler>(), running = mesh.spawn<Doubler>();
  probe.watch(stopped);
  mesh.stop_agent(stopped);
  mesh.crash(crashed);
  BOOST_TEST(!probe.expect_down(stopped).failed);
  const auto down = probe.expect_down(crashed);
  BOOST_TEST(down.failed);
  BOOST_TEST(says(down.reason, "asked for by the test"));
  BOOST_TEST(says(failure_of([&] { probe.expect_down(running, 1s); }), "runs on"));
}

BOOST_AUTO_TEST_SUITE_END()
