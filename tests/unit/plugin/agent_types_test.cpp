#include "myelin/plugin/agent_types.hpp"

#include <boost/test/unit_test.hpp>
#include <string>

#include "greeting.capnp.h"
#include "myelin/plugin/register.hpp"

using namespace myelin;
using namespace myelin::plugin;
using namespace std::chrono_literals;

namespace {

class Echo : public Agent {
 public:
  static void handlers(Handlers<Echo>& on) {
    on.message([](plugin_test::Hello::Reader hello, Reply<plugin_test::Greeting> reply) {
      reply.send([&](plugin_test::Greeting::Builder greeting) { greeting.setText(hello.getName()); });
    });
    on.message([](plugin_test::Greeting::Reader) {});
  }
};

class Idle : public Agent {};

}  // namespace

MYELIN_REGISTER_AGENT("echo", Echo)
MYELIN_REGISTER_AGENT("idle", Idle)

BOOST_AUTO_TEST_SUITE(agent_types)

BOOST_AUTO_TEST_CASE(a_program_registers_agents_of_its_own) {
  AgentTypes types;
  BOOST_REQUIRE(add_own_agents(types).has_value());
  BOOST_REQUIRE(types.size() == 2U);
  BOOST_TEST(types.list()[0]->name == "echo");
  BOOST_TEST(types.list()[1]->name == "idle");
  BOOST_TEST(types.list()[0]->origin.empty());
  Mesh mesh{{.workers = 1}};
  const auto echo = (*types.find("echo"))->spawn(mesh);
  BOOST_REQUIRE(echo.has_value());
  const auto answer = mesh.ask<plugin_test::Greeting>(
      *echo, [](plugin_test::Hello::Builder hello) { hello.setName("Ada"); }, 30s);
  BOOST_REQUIRE(answer.has_value());
  BOOST_TEST((*answer)->getText().cStr() == "Ada");
}

BOOST_AUTO_TEST_CASE(a_type_knows_what_its_agents_take_and_answer) {
  const AgentType echo = agent_type<Echo>("echo");
  BOOST_REQUIRE(echo.agent_class->handlers.size() == 2U);
  const Handler* const asked = echo.agent_class->handlers.find(kTypeId<plugin_test::Hello>);
  BOOST_REQUIRE(asked != nullptr);
  BOOST_REQUIRE(asked->answer != nullptr);
  BOOST_TEST(asked->answer().getProto().getId() == kTypeId<plugin_test::Greeting>);
  const Handler* const told = echo.agent_class->handlers.find(kTypeId<plugin_test::Greeting>);
  BOOST_REQUIRE(told != nullptr);
  BOOST_TEST((told->answer == nullptr));
}

BOOST_AUTO_TEST_CASE(an_unknown_name_gets_the_nearest) {
  AgentTypes types;
  const auto none = types.find("echo");
  BOOST_REQUIRE(!none.has_value());
  BOOST_TEST((none.error().code == Errc::not_found));
  BOOST_REQUIRE(types.add<Echo>("echo").has_value());
  const auto near = types.find("ehco");
  BOOST_REQUIRE(!near.has_value());
  BOOST_TEST(near.error().message == "there is no type of agents called 'ehco'; did you mean 'echo'?");
  BOOST_TEST(types.find("weather").error().message.ends_with("known: echo"));
}

BOOST_AUTO_TEST_CASE(names_are_plain_and_given_once) {
  AgentTypes types;
  BOOST_REQUIRE(types.add<Echo>("price-feed_2.x").has_value());
  BOOST_TEST(!types.add<Idle>("price-feed_2.x").has_value());
  for (const std::string name : {"", "a b", "a/b", "\n"}) {
    const auto done = types.add<Idle>(name);
    BOOST_REQUIRE(!done.has_value());
    BOOST_TEST((done.error().code == Errc::invalid_argument));
  }
  BOOST_TEST(!types.add<Idle>(std::string(129, 'a')).has_value());
  BOOST_TEST(types.size() == 1U);
}

BOOST_AUTO_TEST_CASE(settings_for_an_agent_without_any_are_an_error) {
  Mesh mesh{{.workers = 1}};
  const AgentType idle = agent_type<Idle>("idle");
  BOOST_TEST(idle.spawn(mesh, AgentSettings::parse("{}").value()).has_value());
  const auto refused = idle.spawn(mesh, AgentSettings::parse(R"({"a": 1})").value());
  BOOST_REQUIRE(!refused.has_value());
  BOOST_TEST((refused.error().code == Errc::invalid_argument));
  BOOST_TEST(refused.error().message.find("take no settings") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_mesh_that_stops_starts_none) {
  Mesh mesh{{.workers = 1}};
  mesh.stop();
  const auto late = agent_type<Idle>("idle").spawn(mesh);
  BOOST_REQUIRE(!late.has_value());
  BOOST_TEST((late.error().code == Errc::receiver_dead));
}

BOOST_AUTO_TEST_SUITE_END()
