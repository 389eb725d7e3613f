// expect: a lambda of a class of agents has no captures
#include "myelin/actors/agent.hpp"
#include "samples.capnp.h"

class Greeter : public myelin::Agent {
 public:
  static void handlers(myelin::Handlers<Greeter>& on) {
    int count = 0;
    on.message([&count](samples::Note::Reader) { ++count; });
  }
};

int main() { static_cast<void>(myelin::agent_class<Greeter>()); }
