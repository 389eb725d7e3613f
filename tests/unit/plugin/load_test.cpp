#include "myelin/plugin/load.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>

#include "greeting.capnp.h"
#include "myelin/actors/mesh.hpp"
#include "myelin/plugin/stamp.hpp"
#include "temporary_directory.hpp"

using namespace myelin;
using namespace myelin::plugin;
using namespace std::chrono_literals;

namespace {

std::string plugin_file(const std::string& name) {
  return std::string{MYELIN_PLUGIN_FOLDER "/test_plugin_"} + name + MYELIN_PLUGIN_SUFFIX;
}

std::string bytes_of(const std::string& file) {
  std::ifstream stream{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{stream}, {}};
}

std::string greeting_of(Mesh& mesh, const AgentRef& agent) {
  const auto answer = mesh.ask<plugin_test::Greeting>(
      agent, [](plugin_test::Hello::Builder hello) { hello.setName("Ada"); }, 30s);
  return answer ? std::string{(*answer)->getText().cStr()} : to_string(answer.error());
}

/// What an error of load_plugin() says; its types must not have come.
std::string refusal(const std::string& file, Errc expected) {
  AgentTypes types;
  const auto loaded = load_plugin(file, types);
  BOOST_REQUIRE(!loaded.has_value());
  BOOST_TEST((loaded.error().code == expected), to_string(loaded.error()));
  BOOST_TEST(types.size() == 0U);
  BOOST_TEST(loaded.error().message.find(file) != std::string::npos);
  return loaded.error().message;
}

/// The good plugin with its stamp changed.
std::string with_stamp(const test::TemporaryDirectory& folder, const std::function<void(Stamp&)>& change) {
  std::string bytes = bytes_of(plugin_file("good"));
  const Stamp own;
  const auto at = bytes.find(std::string{own.magic, sizeof own.magic});
  BOOST_REQUIRE(at != std::string::npos);
  Stamp stamp;
  std::memcpy(&stamp, bytes.data() + at, sizeof stamp);
  change(stamp);
  std::memcpy(bytes.data() + at, &stamp, sizeof stamp);
  const std::string file = (folder.path() / "changed.so").string();
  std::ofstream{file, std::ios::binary} << bytes;
  return file;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(load)

// First: nothing of the good plugin has run yet, and nothing of a plugin that is refused by its stamp ever does.
BOOST_AUTO_TEST_CASE(a_plugin_for_another_myelin_is_refused_before_it_runs) {
  const test::TemporaryDirectory folder;
  ::unsetenv("MYELIN_TEST_PLUGIN_HAS_RUN");
  const auto refused = [&](const std::function<void(Stamp&)>& change) {
    return refusal(with_stamp(folder, change), Errc::unsupported_version);
  };
  const auto says = [](const std::string& text, std::string_view part) {
    BOOST_TEST(text.find(part) != std::string::npos, text);
  };
  says(refused([](Stamp& stamp) { stamp.myelin_version[0] = '9'; }), "was built for Myelin 9.");
  says(refused([](Stamp& stamp) { stamp.abi += 1; }), "plugin ABI");
  says(refused([](Stamp& stamp) { stamp.sanitizers[0] = stamp.sanitizers[0] == 'a' ? '\0' : 'a'; }), "sanitizer");
  says(refused([](Stamp& stamp) { stamp.caf_version[0] = '9'; }), "with CAF 9.");
  says(refused([](Stamp& stamp) { stamp.capnp_version += 1; }), "Cap'n Proto");
  says(refused([](Stamp& stamp) { stamp.compiler_abi += 1; }), "the compiler's ABI");
  says(refused([](Stamp& stamp) { stamp.library_abi ^= 2; }), "the standard library's ABI");
  says(refused([](Stamp& stamp) { stamp.agent_class_bytes += 8; }), "the size of AgentClass");
  says(refused([](Stamp& stamp) { stamp.pooled ^= 1; }), "the pool of blocks");
  says(refused([](Stamp& stamp) { stamp.bytes = 12; }), "another size");
  says(refusal(with_stamp(folder, [](Stamp& stamp) { stamp.magic[0] = 'x'; }), Errc::invalid_argument),
       "something else where a plugin has its stamp");
  BOOST_TEST(std::getenv("MYELIN_TEST_PLUGIN_HAS_RUN") == nullptr);
}

BOOST_AUTO_TEST_CASE(agents_of_a_plugin_work_as_any) {
  AgentTypes types;
  const auto loaded = load_plugin(plugin_file("good"), types);
  BOOST_REQUIRE(loaded.has_value());
  BOOST_TEST(loaded->types == (std::vector<std::string>{"greeter", "relay", "broken", "fails"}),
             boost::test_tools::per_element());
  BOOST_TEST(std::getenv("MYELIN_TEST_PLUGIN_HAS_RUN") != nullptr);
  const auto greeter = types.find("greeter");
  BOOST_REQUIRE(greeter.has_value());
  BOOST_TEST((*greeter)->origin == plugin_file("good"));
  BOOST_TEST((*greeter)->agent_class->name == "Greeter");
  BOOST_REQUIRE((*greeter)->agent_class->handlers.size() == 1U);
  const Handler& row = (*greeter)->agent_class->handlers[0];
  BOOST_TEST(message_name(row) == "Hello");
  BOOST_REQUIRE(row.answer != nullptr);
  BOOST_TEST(row.answer().getProto().getDisplayName().cStr() == std::string{"greeting.capnp:Greeting"});

  Mesh mesh{{.workers = 2}};
  const auto plain = (*greeter)->spawn(mesh);
  BOOST_REQUIRE(plain.has_value());
  BOOST_TEST(greeting_of(mesh, *plain) == "Hello, Ada");
  const auto told = (*greeter)->spawn(mesh, AgentSettings::parse(R"({"greeting": "Ciao", "times": 2})").value());
  BOOST_REQUIRE(told.has_value());
  BOOST_TEST(greeting_of(mesh, *told) == "Ciao, Ada Ciao, Ada");
  const auto relay = (*types.find("relay"))->spawn(mesh);
  BOOST_REQUIRE(relay.has_value());
  BOOST_TEST(greeting_of(mesh, *relay) == "Relayed, Ada");
}

BOOST_AUTO_TEST_CASE(what_a_plugins_agent_throws_is_an_error) {
  AgentTypes types;
  BOOST_REQUIRE(load_plugin(plugin_file("good"), types).has_value());
  Mesh mesh{{.workers = 1}};
  const auto broken = (*types.find("broken"))->spawn(mesh);
  BOOST_REQUIRE(!broken.has_value());
  BOOST_TEST((broken.error().code == Errc::handler_failed));
  BOOST_TEST(broken.error().message == "no agent of type 'broken' could be started: no luck today");
  const auto refused = (*types.find("greeter"))->spawn(mesh, AgentSettings::parse(R"({"times": 0})").value());
  BOOST_REQUIRE(!refused.has_value());
  BOOST_TEST((refused.error().code == Errc::invalid_argument));
  const auto misspelt = (*types.find("greeter"))->spawn(mesh, AgentSettings::parse(R"({"greting": ""})").value());
  BOOST_REQUIRE(!misspelt.has_value());
  BOOST_TEST(misspelt.error().message.find("did you mean 'greeting'?") != std::string::npos);
  const auto fails = (*types.find("fails"))->spawn(mesh);
  BOOST_REQUIRE(fails.has_value());
  BOOST_TEST(greeting_of(mesh, *fails).starts_with("handler_failed"));
}

BOOST_AUTO_TEST_CASE(a_supervisor_restarts_a_plugins_agent) {
  AgentTypes types;
  BOOST_REQUIRE(load_plugin(plugin_file("good"), types).has_value());
  Mesh mesh{{.workers = 1}};
  const auto fails = (*types.find("fails"))->spawn_supervised(mesh);
  BOOST_REQUIRE(fails.has_value());
  // Its handler throws, and yet it is there to throw again.
  for (int i = 0; i < 3; ++i) BOOST_TEST(greeting_of(mesh, fails->agent).starts_with("handler_failed"));
  const auto broken = (*types.find("broken"))->spawn_supervised(mesh);
  BOOST_REQUIRE(!broken.has_value());
  BOOST_TEST(broken.error().message == "no agent of type 'broken' could be started: no luck today");
}

BOOST_AUTO_TEST_CASE(classes_of_one_name_in_two_plugins_are_two_classes) {
  AgentTypes types;
  BOOST_REQUIRE(load_plugin(plugin_file("good"), types).has_value());
  BOOST_REQUIRE(load_plugin(plugin_file("second"), types).has_value());
  Mesh mesh{{.workers = 1}};
  const auto first = (*types.find("greeter"))->spawn(mesh);
  const auto second = (*types.find("second-greeter"))->spawn(mesh);
  BOOST_REQUIRE(first.has_value());
  BOOST_REQUIRE(second.has_value());
  BOOST_TEST(greeting_of(mesh, *second) == "from the second plugin");
  BOOST_TEST(greeting_of(mesh, *first) == "Hello, Ada");
}

BOOST_AUTO_TEST_CASE(names_are_given_once_and_nothing_is_added_by_halves) {
  AgentTypes types;
  BOOST_REQUIRE(load_plugin(plugin_file("good"), types).has_value());
  const std::size_t before = types.size();
  const auto clash = load_plugin(plugin_file("same_name"), types);
  BOOST_REQUIRE(!clash.has_value());
  BOOST_TEST((clash.error().code == Errc::invalid_argument));
  BOOST_TEST(clash.error().message.find("'greeter'") != std::string::npos);
  BOOST_TEST(types.size() == before);
  const auto again = load_plugin(plugin_file("good"), types);
  BOOST_REQUIRE(!again.has_value());
  BOOST_TEST(types.size() == before);
  BOOST_TEST(refusal(plugin_file("twice"), Errc::invalid_argument).find("'double'") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(libraries_that_are_no_plugins_are_refused) {
  BOOST_TEST(refusal(plugin_file("not_a_plugin"), Errc::invalid_argument).find("no plugin") != std::string::npos);
  BOOST_TEST(refusal(plugin_file("empty"), Errc::invalid_argument).find("registers no agents") != std::string::npos);
  BOOST_TEST(refusal(plugin_file("undefined_symbol"), Errc::invalid_argument).find("nowhere") != std::string::npos);
  BOOST_TEST(refusal(plugin_file("two_handlers"), Errc::invalid_argument).find("torn") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_is_thrown_while_it_is_loaded_is_an_error) {
  BOOST_TEST(refusal(plugin_file("throws_when_loaded"), Errc::invalid_argument).find("no luck while loading") !=
             std::string::npos);
  const std::string crash = refusal(plugin_file("crashes_when_loaded"), Errc::invalid_argument);
  BOOST_TEST(crash.find("crashed while it was loaded") != std::string::npos, crash);
  // The loader is none the worse for it.
  AgentTypes types;
  BOOST_TEST(load_plugin(plugin_file("good"), types).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
