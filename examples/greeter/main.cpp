// An agent that answers, and a program that asks it.
#include <chrono>
#include <cstdio>
#include <string>

#include <myelin/actors/mesh.hpp>

#include "greeting.capnp.h"

class Greeter : public myelin::Agent {
 public:
  static void handlers(myelin::Handlers<Greeter>& on) { on.message<&Greeter::greet>(); }

 private:
  void greet(Hello::Reader hello, myelin::Reply<Greeting> reply) {
    ++guests_;
    reply.send([&](Greeting::Builder greeting) {
      greeting.setText("Hello " + std::string{hello.getName()} + ", you are guest " + std::to_string(guests_) + ".");
    });
  }

  int guests_ = 0;
};

int main() {
  myelin::Mesh mesh;
  const myelin::AgentRef greeter = mesh.spawn<Greeter>();
  const auto answer = mesh.ask<Greeting>(
      greeter, [](Hello::Builder hello) { hello.setName("Ada"); }, std::chrono::seconds{1});
  if (!answer) {
    std::fprintf(stderr, "no greeting: %s\n", myelin::to_string(answer.error()).c_str());
    return 1;
  }
  std::puts((*answer)->getText().cStr());
}
