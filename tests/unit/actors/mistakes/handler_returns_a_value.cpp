// expect: a handler returns void, or is a coroutine that returns myelin::Task<...>
#include "myelin/actors/agent.hpp"
#include "samples.capnp.h"

class Greeter : public myelin::Agent {
 public:
  static void handlers(myelin::Handlers<Greeter>& on) { on.message<&Greeter::greet>(); }

 private:
  int greet(samples::Note::Reader) { return 1; }
};

int main() { static_cast<void>(myelin::agent_class<Greeter>()); }
