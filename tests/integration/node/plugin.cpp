// Agents for nodes: one that greets, one that keeps its visitors in the shared memory, one that never ends.
#include <chrono>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>

#include "greeting.capnp.h"
#include "myelin/memory/memory.hpp"
#include "myelin/plugin/register.hpp"

namespace {

using namespace std::chrono_literals;
using node_test::Greeting;
using node_test::Hello;

class Greeter : public myelin::Agent {
 public:
  explicit Greeter(const myelin::plugin::AgentSettings& settings)
      : settings_{settings.require<node_test::GreeterSettings>()} {}
  static void handlers(myelin::Handlers<Greeter>& on) { on.message<&Greeter::greet>(); }

 private:
  void greet(Hello::Reader hello, myelin::Reply<Greeting> reply) {
    if (hello.getName() == "nobody") throw std::runtime_error{"there is nobody to greet"};
    const std::string text = std::string{settings_->getGreeting()} + ", " + hello.getName().cStr();
    reply.send([&](Greeting::Builder greeting) { greeting.setText(text); });
  }

  myelin::Held<node_test::GreeterSettings> settings_;
};

/// Answers with who was there before.
class GuestBook : public myelin::Agent {
 public:
  explicit GuestBook(const myelin::plugin::AgentSettings& settings) : memory_{settings.require_agent("memory")} {}
  static void handlers(myelin::Handlers<GuestBook>& on) { on.message<&GuestBook::enter>(); }

 private:
  myelin::Task<Greeting> enter(myelin::Held<Hello> hello) {
    const auto before = co_await ask(memory_.get("guest"), 20s);
    const auto put = co_await ask(memory_.put("guest", hello->getName().cStr()), 20s);
    std::string text = put ? "nobody" : myelin::to_string(put.error());
    if (put && before && before->has_value()) text = std::string{(*before)->text()};
    co_return [text = std::move(text)](Greeting::Builder greeting) { greeting.setText(text); };
  }

  myelin::Memory memory_;
};

/// Takes half a second for each message, and then writes a line to the file that it names; longer than anybody waits
/// for one from "forever".
class Slow : public myelin::Agent {
 public:
  static void handlers(myelin::Handlers<Slow>& on) { on.message<&Slow::work>(); }

 private:
  void work(Hello::Reader hello) {
    if (hello.getName() == "forever") std::this_thread::sleep_for(100s);
    std::this_thread::sleep_for(500ms);
    std::ofstream{hello.getName().cStr(), std::ios::app} << "done\n";
  }
};

}  // namespace

MYELIN_REGISTER_AGENT("greeter", Greeter)
MYELIN_REGISTER_AGENT("guest-book", GuestBook)
MYELIN_REGISTER_AGENT("slow", Slow)
