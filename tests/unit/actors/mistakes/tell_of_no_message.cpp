// expect: a message is a struct that the Cap'n Proto compiler made
#include <string>

#include "myelin/actors/agent.hpp"

class Greeter : public myelin::Agent {
 public:
  void on_start() override {
    tell<std::string>(self(), [](std::string& text) { text = "hello"; });
  }
};

int main() { static_cast<void>(myelin::agent_class<Greeter>()); }
