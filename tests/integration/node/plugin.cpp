// Agents for nodes: one that greets, one that has others do it, one that keeps its visitors in the shared memory, one
// that never ends, one that never answers.
#include <chrono>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "greeting.capnp.h"
#include "myelin/cluster/directory.hpp"
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

/// Has the greeter of some node greet, and says where that is.
class Concierge : public myelin::Agent {
 public:
  explicit Concierge(const myelin::plugin::AgentSettings& settings)
      : directory_{settings.lent<myelin::cluster::Directory>("directory")} {}
  static void handlers(myelin::Handlers<Concierge>& on) { on.message<&Concierge::greet>(); }

 private:
  myelin::Task<Greeting> greet(myelin::Held<Hello> hello) {
    const auto greeter = co_await ask(directory_.find("greeter"), 20s);
    if (!greeter) co_return tl::unexpected{greeter.error()};
    const auto greeting = co_await ask<Greeting>(
        *greeter, [&](Hello::Builder asked) { asked.setName(hello->getName()); }, 20s);
    if (!greeting) co_return tl::unexpected{greeting.error()};
    const auto address = directory_.address_of(*greeter);
    if (!address) co_return tl::unexpected{address.error()};
    co_return [text = to_string(*address) + ": " + (*greeting)->getText().cStr()](Greeting::Builder said) {
      said.setText(text);
    };
  }

  const myelin::cluster::Directory directory_;
};

/// Answers with who was there before.
class GuestBook : public myelin::Agent {
 public:
  explicit GuestBook(const myelin::plugin::AgentSettings& settings)
      : memory_{settings.lent<myelin::AgentRef>("memory")} {}
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

/// Keeps what it is asked and answers nobody, but who asks "how many" wait.
class Silent : public myelin::Agent {
 public:
  static void handlers(myelin::Handlers<Silent>& on) { on.message<&Silent::keep>(); }

 private:
  void keep(Hello::Reader hello, myelin::Reply<Greeting> reply) {
    if (hello.getName() != "how many") return kept_.push_back(std::move(reply));
    reply.send([this](Greeting::Builder greeting) { greeting.setText(std::to_string(kept_.size())); });
  }

  std::vector<myelin::Reply<Greeting>> kept_;
};

}  // namespace

MYELIN_REGISTER_AGENT("greeter", Greeter)
MYELIN_REGISTER_AGENT("concierge", Concierge)
MYELIN_REGISTER_AGENT("guest-book", GuestBook)
MYELIN_REGISTER_AGENT("silent", Silent)
MYELIN_REGISTER_AGENT("slow", Slow)
