// An agent in a shared library: a node that names the library in its configuration can start it.
#include <string>

#include <myelin/plugin/register.hpp>

#include "greeter.capnp.h"

class Greeter : public myelin::Agent {
 public:
  explicit Greeter(const myelin::plugin::AgentSettings& settings) : settings_{settings.require<GreeterSettings>()} {}

  static void handlers(myelin::Handlers<Greeter>& on) { on.message<&Greeter::greet>(); }

 private:
  void greet(Hello::Reader hello, myelin::Reply<Greeting> reply) {
    const std::string text = std::string{settings_->getGreeting()} + ", " + hello.getName().cStr();
    reply.send([&](Greeting::Builder greeting) { greeting.setText(text); });
  }

  myelin::Held<GreeterSettings> settings_;
};

MYELIN_REGISTER_AGENT("greeter", Greeter)
