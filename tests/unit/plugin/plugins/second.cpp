// A class of the same name as in the first plugin, which is another class.
#include <string>

#include "greeting.capnp.h"
#include "myelin/plugin/register.hpp"

class Greeter : public myelin::Agent {
 public:
  static void handlers(myelin::Handlers<Greeter>& on) { on.message<&Greeter::greet>(); }

 private:
  void greet(plugin_test::Hello::Reader, myelin::Reply<plugin_test::Greeting> reply) {
    reply.send([&](plugin_test::Greeting::Builder greeting) { greeting.setText("from the second plugin"); });
  }
};

MYELIN_REGISTER_AGENT("second-greeter", Greeter)
