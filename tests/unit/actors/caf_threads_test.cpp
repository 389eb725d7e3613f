// Agents and plain CAF actors on real threads, and on two nodes over BASP.
#include <future>

#include <boost/test/unit_test.hpp>
#include <caf/all.hpp>
#include <caf/io/all.hpp>

#include "agents.hpp"
#include "doubler.hpp"
#include "myelin/actors/caf_interop.hpp"

using myelin::AgentRef;
using myelin::Errc;
using myelin::Frame;
using myelin::Mesh;
using test::Actor;
using test::Doubler;
using test::tick;
using test::value_of;
using namespace std::chrono_literals;

namespace {

/// Two meshes that can reach each other over BASP, and an agent of the first as the second sees it.
struct TwoNodes {
  Mesh here{{.workers = 1, .network = true}};
  Mesh there{{.workers = 1, .network = true}};

  AgentRef from_there(const AgentRef& agent) {
    const auto port = caf_system(here).middleman().publish(to_caf_actor(agent), 0, "127.0.0.1");
    BOOST_REQUIRE(port);
    const auto remote = caf_system(there).middleman().remote_actor("127.0.0.1", *port);
    BOOST_REQUIRE(remote);
    return myelin::to_agent_ref(*remote);
  }
};

}  // namespace

BOOST_TEST_DONT_PRINT_LOG_VALUE(myelin::Errc)

BOOST_AUTO_TEST_SUITE(caf_threads)

BOOST_AUTO_TEST_CASE(a_plain_actor_asks_an_agent) {
  Mesh mesh{{.workers = 1}};
  const caf::actor doubler = to_caf_actor(mesh.spawn<Doubler>());
  caf::scoped_actor self{caf_system(mesh)};
  std::uint64_t answer = 0;
  self->request(doubler, 10s, tick(21))
      .receive([&](const Frame& frame) { answer = value_of(frame); },
               [](const caf::error&) { BOOST_ERROR("refused"); });
  BOOST_TEST(answer == 42U);
}

BOOST_AUTO_TEST_CASE(a_plain_actor_gets_errors_for_what_an_agent_does_not_know) {
  Mesh mesh{{.workers = 1}};
  const caf::actor doubler = to_caf_actor(mesh.spawn<Doubler>());
  caf::scoped_actor self{caf_system(mesh)};
  caf::error unhandled, unexpected;
  self->request(doubler, 10s, myelin::make_frame<samples::Note>([](auto) {}))
      .receive([](const Frame&) {}, [&](const caf::error& error) { unhandled = error; });
  BOOST_TEST(unhandled.code() == static_cast<std::uint8_t>(Errc::unhandled_type));
  self->request(doubler, 10s, std::string{"no frame"})
      .receive([](const Frame&) {}, [&](const caf::error& error) { unexpected = error; });
  BOOST_TEST((unexpected == caf::sec::unexpected_message), caf::to_string(unexpected));
}

BOOST_AUTO_TEST_CASE(a_plain_actor_monitors_an_agent_and_asks_a_dead_one) {
  Mesh mesh{{.workers = 1}};
  const AgentRef agent = mesh.spawn<Doubler>();
  const caf::actor doubler = to_caf_actor(agent);
  caf::scoped_actor self{caf_system(mesh)};
  self->monitor(doubler);
  self->send(doubler, myelin::make_frame<samples::Empty>([](auto) {}));
  bool down = false;
  self->receive([&](const caf::down_msg& message) { down = message.source == doubler.address(); });
  BOOST_TEST(down);
  caf::error dead;
  self->request(doubler, 10s, tick(1)).receive([](const Frame&) {}, [&](const caf::error& error) { dead = error; });
  BOOST_TEST(dead.code() == static_cast<std::uint8_t>(Errc::receiver_dead));
}

BOOST_AUTO_TEST_CASE(an_agent_on_another_node_is_asked_over_basp) {
  TwoNodes nodes;
  const AgentRef doubler = nodes.from_there(nodes.here.spawn<Doubler>());
  BOOST_TEST(!doubler.is_local());
  const auto answer = nodes.there.ask<samples::Tick>(
      doubler, [](samples::Tick::Builder t) { t.setValue(8); }, 10s);
  BOOST_REQUIRE(answer.has_value());
  BOOST_TEST((*answer)->getValue() == 16U);
  const auto refused = nodes.there.ask<samples::Tick>(
      doubler, [](samples::Note::Builder) {}, 10s);
  BOOST_REQUIRE(!refused.has_value());
  BOOST_TEST(refused.error().code == Errc::unhandled_type);
}

BOOST_AUTO_TEST_CASE(agents_on_two_nodes_ask_each_other_and_notice_a_death) {
  TwoNodes nodes;
  const AgentRef here = nodes.here.spawn<Doubler>();
  const AgentRef doubler = nodes.from_there(here);
  std::promise<std::uint64_t> answered;
  std::promise<bool> died;
  class Watcher : public Actor {
   public:
    Watcher(Body body, std::promise<bool>& died) : Actor{std::move(body)}, died_{died} {}
    static void handlers(myelin::Handlers<Watcher>&) {}
    void on_down(const Down&) override { died_.set_value(true); }

   private:
    std::promise<bool>& died_;
  };
  nodes.there.spawn<Watcher>(
      [&](Actor& self) {
        self.watch(doubler);
        for (int count = 0; count < 10; ++count) self.tell(doubler, [](samples::Tick::Builder) {});  // one batch
        self.ask<samples::Tick>(
            doubler, [](samples::Tick::Builder t) { t.setValue(4); }, 10s,
            [&](auto result) { answered.set_value(result ? (*result)->getValue() : 0); });
      },
      died);
  BOOST_TEST(answered.get_future().get() == 8U);
  nodes.here.stop_agent(here);
  BOOST_TEST(died.get_future().get());
}

BOOST_AUTO_TEST_SUITE_END()
