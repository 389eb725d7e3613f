// A plugin.
#include "greeting.capnp.h"
#include "myelin/plugin/register.hpp"

namespace {

class Greeter : public myelin::Agent {
 public:
  static void handlers(myelin::Handlers<Greeter>& on) {
    on.message([](greeting::Hello::Reader hello, myelin::Reply<greeting::Greeting> reply) {
      reply.send([&](greeting::Greeting::Builder greeting) { greeting.setText(hello.getName()); });
    });
  }
};

}  // namespace

MYELIN_REGISTER_AGENT("greeter", Greeter)
