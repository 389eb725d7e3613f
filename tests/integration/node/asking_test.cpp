// Agents of plugins on nodes in processes of their own, asked from here over TLS.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <fstream>
#include <iterator>
#include <string>

#include "plugin_nodes.hpp"

using namespace myelin;
using namespace myelin::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(asking_nodes)

BOOST_AUTO_TEST_CASE(a_plugins_agents_are_found_and_asked_across_nodes) {
  PluginNodes nodes;
  const auto north = nodes.start("north", "", "[[agent]]\ntype = 'greeter'\nsettings = { greeting = 'Ciao' }\n");
  const auto south =
      nodes.start("south", north->address(), "[[agent]]\ntype = 'greeter'\nname = 'southerner'\ncount = 2\n");
  BOOST_TEST(south->said().at("agents") == nlohmann::json::parse(R"(["southerner-1", "southerner-2"])"));
  nodes.join(north->address());
  nodes.wait_for(3);
  BOOST_TEST(nodes.ask(nodes.agent("north", "greeter"), "Ada") == "Ciao, Ada");
  BOOST_TEST(nodes.ask(nodes.agent("south", "southerner-2"), "Ada") == "Hello, Ada");
  const auto listing = nodes.mesh().ask(nodes.cluster().list({}, "greeter"), 30s);
  BOOST_REQUIRE(listing.has_value());
  BOOST_TEST(listing->agents.size() == 3U);

  // One that throws is started anew, where it is.
  BOOST_TEST(nodes.ask(nodes.agent("north", "greeter"), "nobody").starts_with("handler_failed"));
  BOOST_TEST(nodes.ask(nodes.agent("north", "greeter"), "Ada") == "Ciao, Ada");

  // Others are started from here, by the name of their type.
  const auto spawned =
      nodes.mesh().ask(nodes.cluster().spawn("south", "greeter", "guest", R"({"greeting": "Servus"})"), 30s);
  require_success(spawned);
  BOOST_TEST(nodes.ask(nodes.agent("south", "guest"), "Ada") == "Servus, Ada");
  const auto unknown = nodes.mesh().ask(nodes.cluster().spawn("south", "greter", "other"), 30s);
  BOOST_REQUIRE(!unknown.has_value());
  BOOST_TEST(unknown.error().message.find("did you mean 'greeter'?") != std::string::npos, unknown.error().message);

  BOOST_TEST(south->terminate() == 0, south->err());
  const auto gone = nodes.cluster().wait(
      [](const cluster::View& view) {
        const cluster::Member* const member = view.find("south");
        return member != nullptr && member->state == cluster::MemberState::left;
      },
      60s);
  BOOST_TEST(gone.has_value());
  BOOST_TEST(north->terminate() == 0, north->err());
}

BOOST_AUTO_TEST_CASE(a_plugins_agent_finds_those_of_other_nodes) {
  PluginNodes nodes;
  const auto north = nodes.start("north", "", "[[agent]]\ntype = 'greeter'\n");
  const auto south = nodes.start("south", north->address(), "[[agent]]\ntype = 'concierge'\n");
  nodes.join(south->address());
  nodes.wait_for(3);
  BOOST_TEST(nodes.ask(nodes.agent("south", "concierge"), "Ada") == "north/greeter: Hello, Ada");
}

BOOST_AUTO_TEST_CASE(a_node_ends_what_its_agents_have_begun) {
  PluginNodes nodes;
  const auto north = nodes.start("north", "", "[[agent]]\ntype = 'slow'\n");
  nodes.join(north->address());
  nodes.wait_for(2);
  const AgentRef slow = nodes.agent("north", "slow");
  const std::string file = (nodes.folder().path() / "done").string();
  for (int i = 0; i < 3; ++i) {
    nodes.mesh().tell(slow, [&](node_test::Hello::Builder hello) { hello.setName(file); });
  }
  BOOST_TEST(nodes.cluster().node().drain(30s).has_value());  // there, and most of it is not done
  BOOST_TEST(north->terminate() == 0, north->err());
  std::ifstream written{file};
  BOOST_TEST((std::string{std::istreambuf_iterator<char>{written}, {}}) == "done\ndone\ndone\n");
}

BOOST_AUTO_TEST_CASE(an_agent_that_does_not_end_cannot_keep_the_node) {
  PluginNodes nodes;
  const auto north = nodes.start("north", "", "[[agent]]\ntype = 'slow'\n");
  nodes.join(north->address());
  nodes.wait_for(2);
  nodes.mesh().tell(nodes.agent("north", "slow"), [](node_test::Hello::Builder hello) { hello.setName("forever"); });
  BOOST_TEST(nodes.cluster().node().drain(30s).has_value());
  const auto began = std::chrono::steady_clock::now();
  BOOST_TEST(north->terminate() == 6);
  // Its handler sleeps for 100 s, and its deadline is 5 s.
  BOOST_TEST((std::chrono::steady_clock::now() - began < 60s));
  const std::string said = north->err();
  BOOST_TEST(said.find("were not done when the time to stop was over: 'slow' of class ") != std::string::npos, said);
  BOOST_TEST(said.find("(in a handler)") != std::string::npos, said);
  BOOST_TEST(said.find("were not done when") == said.rfind("were not done when"), said);  // once
}

BOOST_AUTO_TEST_CASE(agents_use_the_nodes_shared_memory) {
  PluginNodes nodes;
  constexpr const char* kMore = "[memory]\nembedded = 'memory'\n[[agent]]\ntype = 'guest-book'\n";
  auto north = nodes.start("north", "", kMore);
  nodes.join(north->address());
  nodes.wait_for(2);
  BOOST_TEST(nodes.ask(nodes.agent("north", "guest-book"), "Ada") == "nobody");
  BOOST_TEST(nodes.ask(nodes.agent("north", "guest-book"), "Bob") == "Ada");
  BOOST_TEST(north->terminate() == 0, north->err());
  north = nodes.start("north", "", kMore);
  nodes.cluster().node().forget_peer("north");
  BOOST_REQUIRE(nodes.cluster().node().add_peer({"north", north->address()}).has_value());
  BOOST_REQUIRE(nodes.cluster().node().wait_connected("north", 60s).has_value());
  BOOST_TEST(nodes.ask(nodes.agent("north", "guest-book"), "Eve") == "Bob");
  BOOST_TEST(north->terminate() == 0, north->err());
}

BOOST_AUTO_TEST_SUITE_END()
