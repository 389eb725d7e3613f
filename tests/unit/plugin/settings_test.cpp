#include "myelin/plugin/agent_settings.hpp"

#include <boost/test/unit_test.hpp>
#include <stdexcept>
#include <string>

#include "greeting.capnp.h"
#include "myelin/actors/mesh.hpp"

using myelin::Errc;
using myelin::plugin::AgentSettings;

BOOST_AUTO_TEST_SUITE(agent_settings)

BOOST_AUTO_TEST_CASE(settings_are_read_as_a_struct_with_defaults) {
  const auto some = AgentSettings::parse(R"({"times": 3})");
  BOOST_REQUIRE(some.has_value());
  BOOST_TEST(!some->empty());
  const auto read = some->as<plugin_test::GreeterSettings>();
  BOOST_REQUIRE(read.has_value());
  BOOST_TEST((*read)->getTimes() == 3);
  BOOST_TEST((*read)->getGreeting().cStr() == "Hello");
  BOOST_TEST(AgentSettings{}.empty());
  BOOST_TEST(AgentSettings{}.require<plugin_test::GreeterSettings>()->getTimes() == 1);
}

BOOST_AUTO_TEST_CASE(only_objects_are_settings) {
  for (const std::string text : {"", "[]", "3", "{", "null", "\"a\""}) {
    const auto settings = AgentSettings::parse(text);
    BOOST_REQUIRE(!settings.has_value());
    BOOST_TEST((settings.error().code == Errc::invalid_argument));
  }
  const auto large = AgentSettings::parse(std::string(std::size_t{5} << 20, ' '));
  BOOST_REQUIRE(!large.has_value());
  BOOST_TEST((large.error().code == Errc::frame_too_large));
}

BOOST_AUTO_TEST_CASE(a_wrong_setting_is_named) {
  const auto wrong = AgentSettings::parse(R"({"times": 300})").value();
  BOOST_TEST(wrong.as<plugin_test::GreeterSettings>().error().message ==
             "times: expected a whole number from 0 to 255, not 300");
  BOOST_CHECK_THROW(static_cast<void>(wrong.require<plugin_test::GreeterSettings>()), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(handles_are_lent_by_name) {
  myelin::Mesh mesh{{.workers = 1}};  // outlives the handle in the settings
  AgentSettings settings;
  BOOST_CHECK_THROW(static_cast<void>(settings.lent<myelin::AgentRef>("memory")), std::invalid_argument);
  class Idle : public myelin::Agent {};
  const myelin::AgentRef agent = mesh.spawn<Idle>();
  settings.lend("memory", agent);
  BOOST_TEST((settings.lent<myelin::AgentRef>("memory") == agent));
  BOOST_CHECK_EXCEPTION(static_cast<void>(settings.lent<int>("memory")), std::invalid_argument, [](const auto& error) {
    return std::string_view{error.what()}.find("else") != std::string_view::npos;
  });
  BOOST_TEST(settings.empty());
}

BOOST_AUTO_TEST_SUITE_END()
