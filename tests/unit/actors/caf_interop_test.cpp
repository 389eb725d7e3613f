#include "myelin/actors/caf_interop.hpp"

#include <boost/test/unit_test.hpp>
#include <caf/all.hpp>

#include "agents.hpp"
#include "doubler.hpp"
#include "myelin/actors/deterministic_mesh.hpp"

using myelin::AgentRef;
using myelin::DeterministicMesh;
using myelin::Errc;
using myelin::Frame;
using test::Actor;
using test::Doubler;
using test::tick;
using test::value_of;
using namespace std::chrono_literals;

BOOST_TEST_DONT_PRINT_LOG_VALUE(myelin::Errc)

BOOST_AUTO_TEST_SUITE(caf_interop)

BOOST_AUTO_TEST_CASE(an_exit_message_stops_an_agent) {
  DeterministicMesh test;
  const AgentRef agent = test.mesh().spawn<Doubler>();
  caf::anon_send_exit(to_caf_actor(agent), caf::exit_reason::user_shutdown);
  test.run();
  BOOST_TEST(test.mesh().agents_running() == 0U);
}

BOOST_AUTO_TEST_CASE(an_agent_tells_and_asks_a_plain_actor) {
  DeterministicMesh test;
  std::vector<std::uint64_t> told;
  const caf::actor plain = caf_system(test.mesh()).spawn([&](caf::event_based_actor*) -> caf::behavior {
    return {[&](const Frame& frame) {
      told.push_back(value_of(frame));
      return tick(told.back() + 100);
    }};
  });
  std::uint64_t answer = 0;
  Errc error{};
  test.mesh().spawn<Actor>([&, plain](Actor& self) {
    const AgentRef to = myelin::to_agent_ref(plain);
    BOOST_TEST(!to.is_local());
    self.tell(to, [](samples::Tick::Builder t) { t.setValue(1); });
    self.ask<samples::Tick>(
        to, [](samples::Tick::Builder t) { t.setValue(2); }, 1s, [&](auto result) { answer = (*result)->getValue(); });
  });
  test.run();
  BOOST_TEST(told == (std::vector<std::uint64_t>{1, 2}), boost::test_tools::per_element());
  BOOST_TEST(answer == 102U);
  caf::anon_send_exit(plain, caf::exit_reason::user_shutdown);
  test.run();
  test.mesh().spawn<Actor>([&, plain](Actor& self) {
    self.ask<samples::Tick>(
        myelin::to_agent_ref(plain), [](samples::Tick::Builder) {}, 1s,
        [&](auto result) { error = result.error().code; });
  });
  test.run();
  BOOST_TEST(error == Errc::receiver_dead);
}

BOOST_AUTO_TEST_CASE(a_handle_goes_to_caf_and_back) {
  DeterministicMesh test;
  const AgentRef agent = test.mesh().spawn<Doubler>();
  const AgentRef back = myelin::to_agent_ref(to_caf_actor(agent));
  BOOST_TEST((back == agent));
  BOOST_TEST(back.is_local());
  BOOST_TEST(!myelin::to_agent_ref(caf::actor{}));
}

BOOST_AUTO_TEST_SUITE_END()
