// expect: a coroutine handler must take Held<T> or Batch<T>, by value
#include "myelin/actors/agent.hpp"
#include "samples.capnp.h"

class Greeter : public myelin::Agent {
 public:
  static void handlers(myelin::Handlers<Greeter>& on) { on.message<&Greeter::greet>(); }

 private:
  myelin::Task<> greet(samples::Note::Reader) { co_return; }
};

int main() { static_cast<void>(myelin::agent_class<Greeter>()); }
