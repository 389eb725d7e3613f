// Two agents, one of which has settings, and one that never comes to be.
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "greeting.capnp.h"
#include "myelin/plugin/register.hpp"

namespace {

using plugin_test::Greeting;
using plugin_test::Hello;

// Shows whether anything of this library has run.
const bool has_run = ::setenv("MYELIN_TEST_PLUGIN_HAS_RUN", "yes", 1) == 0;

}  // namespace

class Greeter : public myelin::Agent {
 public:
  explicit Greeter(const myelin::plugin::AgentSettings& settings)
      : settings_{settings.require<plugin_test::GreeterSettings>()} {
    if (settings_->getTimes() == 0) throw std::invalid_argument{"times: at least 1"};
  }
  static void handlers(myelin::Handlers<Greeter>& on) { on.message<&Greeter::greet>(); }

 private:
  void greet(Hello::Reader hello, myelin::Reply<Greeting> reply) {
    std::string text;
    for (int i = 0; i < settings_->getTimes(); ++i) {
      text += std::string{text.empty() ? "" : " "} + settings_->getGreeting().cStr() + ", " + hello.getName().cStr();
    }
    reply.send([&](Greeting::Builder greeting) { greeting.setText(text); });
  }

  myelin::Held<plugin_test::GreeterSettings> settings_;
};

/// Asks another agent, in a coroutine: its turns, timers and questions go through the program's Myelin.
class Relay : public myelin::Agent {
 public:
  static void handlers(myelin::Handlers<Relay>& on) { on.message<&Relay::relay>(); }
  void on_start() override {
    const auto settings = myelin::plugin::AgentSettings::parse(R"({"greeting": "Relayed"})");
    greeter_ = spawn<Greeter>(settings.value());
  }

 private:
  myelin::Task<Greeting> relay(myelin::Held<Hello> hello) {
    co_await sleep(std::chrono::milliseconds{1});
    auto answer = co_await ask<Greeting>(greeter_, hello.frame(), std::chrono::seconds{30});
    co_return
        [text = std::string{answer.value()->getText().cStr()}](Greeting::Builder greeting) { greeting.setText(text); };
  }

  myelin::AgentRef greeter_;
};

class Broken : public myelin::Agent {
 public:
  Broken() { throw std::runtime_error{"no luck today"}; }
};

class Fails : public myelin::Agent {
 public:
  static void handlers(myelin::Handlers<Fails>& on) {
    on.message([](Hello::Reader, myelin::Reply<Greeting>) { throw std::runtime_error{"cannot greet"}; });
  }
};

MYELIN_REGISTER_AGENT("greeter", Greeter)
MYELIN_REGISTER_AGENT("relay", Relay)
MYELIN_REGISTER_AGENT("broken", Broken)
MYELIN_REGISTER_AGENT("fails", Fails)
