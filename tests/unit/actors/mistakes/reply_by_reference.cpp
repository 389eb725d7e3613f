// expect: a handler's second parameter must be Reply<R>, taken by value
#include "myelin/actors/agent.hpp"
#include "samples.capnp.h"

class Greeter : public myelin::Agent {
 public:
  static void handlers(myelin::Handlers<Greeter>& on) { on.message<&Greeter::greet>(); }

 private:
  void greet(samples::Note::Reader, const myelin::Reply<samples::Note>&) {}
};

int main() { static_cast<void>(myelin::agent_class<Greeter>()); }
