#include <boost/test/unit_test.hpp>

#include "tasks_agents.hpp"

using myelin::AgentRef;
using myelin::Batch;
using myelin::Errc;
using myelin::Handlers;
using myelin::Held;
using myelin::Reply;
using myelin::Self;
using myelin::Task;
using test::note_of;
using test::tick_of;
using namespace std::chrono_literals;

namespace {

/// Takes each message by a lambda of its own kind, and by a member function that changes nothing.
class Mixed : public myelin::Agent {
 public:
  static void handlers(Handlers<Mixed>& on) {
    on.message([](Mixed& self, samples::Tick::Reader tick, Reply<samples::Tick> reply) {
      self.sum_ += tick.getValue();
      reply.send(tick_of(self.sum_));
    });
    on.message([](Mixed& self, Held<samples::Note> note) -> Task<samples::Note> {
      co_await self.sleep(1s);
      co_return note;
    });
    on.message([](samples::Tree::Reader, Reply<samples::Note> reply) { reply.send(note_of("without the agent")); });
    on.message<&Mixed::sum>();
  }

 private:
  void sum(samples::Empty::Reader, Reply<samples::Tick> reply) const noexcept { reply.send(tick_of(sum_)); }
  std::uint64_t sum_ = 0;
};

}  // namespace

BOOST_TEST_DONT_PRINT_LOG_VALUE(myelin::Errc)

BOOST_FIXTURE_TEST_SUITE(lambdas, test::MeshFixture)

BOOST_AUTO_TEST_CASE(a_class_of_agents_has_lambdas_beside_member_functions) {
  const AgentRef mixed = test.mesh().spawn<Mixed>();
  const auto two = ask<samples::Tick>(mixed, tick_of(2));
  BOOST_TEST((***two)->getValue() == 2U);
  const auto five = ask<samples::Tick>(mixed, tick_of(3));
  BOOST_TEST((***five)->getValue() == 5U);
  const auto sum = ask<samples::Tick>(mixed, [](samples::Empty::Builder) {});
  BOOST_TEST((***sum)->getValue() == 5U);
  const auto without = ask<samples::Note>(mixed, [](samples::Tree::Builder) {});
  BOOST_TEST((***without)->getText().cStr() == "without the agent");
}

BOOST_AUTO_TEST_CASE(a_lambda_may_be_a_coroutine) {
  const auto answer = ask<samples::Note>(test.mesh().spawn<Mixed>(), note_of("echo"));
  BOOST_TEST(!answer->has_value());
  pass(1s);
  BOOST_REQUIRE(answer->has_value());
  BOOST_TEST((***answer)->getText().cStr() == "echo");
}

BOOST_AUTO_TEST_CASE(an_agent_is_made_of_lambdas_with_state) {
  std::vector<std::uint64_t> counts;
  const AgentRef counter = test.mesh().spawn_handlers(
      [count = std::uint64_t{0}, &counts](samples::Tick::Reader tick) mutable {
        counts.push_back(count += tick.getValue());
      },
      [](samples::Note::Reader note, Reply<samples::Note> reply) { reply.send(note_of(note.getText().cStr())); });
  test.mesh().tell(counter, tick_of(1));
  test.mesh().tell(counter, tick_of(2));
  test.run();
  BOOST_TEST(counts == (std::vector<std::uint64_t>{1, 3}));
  const auto answer = ask<samples::Note>(counter, note_of("hello"));
  BOOST_REQUIRE(answer->has_value());
  BOOST_TEST((***answer)->getText().cStr() == "hello");
}

BOOST_AUTO_TEST_CASE(two_agents_of_the_same_lambdas_share_no_state) {
  std::vector<std::uint64_t> counts;
  const auto make = [&] {
    return test.mesh().spawn_handlers(
        [count = std::uint64_t{0}, &counts](samples::Empty::Reader) mutable { counts.push_back(++count); });
  };
  for (const AgentRef& agent : {make(), make()}) test.mesh().tell(agent, [](samples::Empty::Builder) {});
  test.run();
  BOOST_TEST(counts == (std::vector<std::uint64_t>{1, 1}));
}

BOOST_AUTO_TEST_CASE(a_lambda_takes_its_agent_to_act) {
  test::Recorder::Log log;
  const AgentRef recorder = test.mesh().spawn<test::Recorder>(log);
  const AgentRef agent = test.mesh().spawn_handlers([recorder](Self& self, Batch<samples::Tick> ticks) {
    for (const samples::Tick::Reader tick : ticks) self.tell(recorder, tick_of(tick.getValue() * 10));
    self.stop();
  });
  test.mesh().tell(agent, tick_of(4));
  test.run();
  BOOST_TEST(log.ticks == std::vector<std::uint64_t>{40});
  BOOST_TEST(test.mesh().agents_running() == 1U);
}

BOOST_AUTO_TEST_CASE(captures_outlive_a_coroutine_that_waits) {
  const AgentRef agent =
      test.mesh().spawn_handlers([text = std::string{"kept in a capture, on the heap"}, asked = 0](
                                     Self& self, Held<samples::Tick>) mutable -> Task<samples::Note> {
        co_await self.sleep(1s);
        ++asked;
        co_return [&](samples::Note::Builder note) { note.setText((text + " " + std::to_string(asked)).c_str()); };
      });
  const auto first = ask<samples::Note>(agent, tick_of(1));
  const auto second = ask<samples::Note>(agent, tick_of(2));
  pass(1s);
  BOOST_TEST((***first)->getText().cStr() == "kept in a capture, on the heap 1");
  BOOST_TEST((***second)->getText().cStr() == "kept in a capture, on the heap 2");
}

BOOST_AUTO_TEST_SUITE_END()
