// An agent that a node lends something: its directory of the cluster, by which it finds agents of all nodes.
#include <chrono>
#include <utility>

#include <myelin/cluster/directory.hpp>
#include <myelin/plugin/register.hpp>

#include "greeter.capnp.h"

using namespace std::chrono_literals;

/// Has whoever is published as 'greeter' answer, on whichever node that is.
class Concierge : public myelin::Agent {
 public:
  explicit Concierge(const myelin::plugin::AgentSettings& settings)
      : directory_{settings.lent<myelin::cluster::Directory>("directory")} {}

  static void handlers(myelin::Handlers<Concierge>& on) { on.message<&Concierge::pass_on>(); }

 private:
  myelin::Task<Greeting> pass_on(myelin::Held<Hello> hello) {
    const auto greeter = co_await ask(directory_.find("greeter"), 2s);
    if (!greeter) co_return tl::unexpected{greeter.error()};
    auto greeting = co_await ask<Greeting>(
        *greeter, [&](Hello::Builder asked) { asked.setName(hello->getName()); }, 2s);
    if (!greeting) co_return tl::unexpected{greeting.error()};
    co_return std::move(*greeting);
  }

  const myelin::cluster::Directory directory_;
};

MYELIN_REGISTER_AGENT("concierge", Concierge)
