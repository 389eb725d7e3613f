// Timers: once, again and again, and put off. Time is moved by hand here, so an hour passes at once.
#include <chrono>
#include <cstdio>
#include <stdexcept>

#include <myelin/actors/deterministic_mesh.hpp>

#include "timers.capnp.h"

using namespace std::chrono_literals;

namespace {

/// Closes ten seconds after it was opened last, and looks after itself once a minute.
class Door : public myelin::Agent {
 public:
  static void handlers(myelin::Handlers<Door>& on) {
    on.message<&Door::open>();
    on.message<&Door::state>();
  }
  void on_start() override {
    every(1min, {.jitter = 0.1}, [this] { ++checks_; });
  }

 private:
  void open(Open::Reader) {
    cancel(closing_);
    open_ = true;
    closing_ = after(10s, [this] { open_ = false; });
  }
  void state(GetState::Reader, myelin::Reply<State> reply) {
    reply.send([&](State::Builder state) {
      state.setOpen(open_);
      state.setChecks(checks_);
    });
  }

  bool open_ = false;
  std::uint32_t checks_ = 0;
  myelin::CorrelationId closing_ = 0;
};

/// Prints the state of the door when it is told to, and whether it is as expected.
class Visitor : public myelin::Agent {
 public:
  Visitor(myelin::AgentRef door, bool& right) : door_{std::move(door)}, right_{right} {}
  void on_start() override { start(visit()); }

 private:
  myelin::Task<> visit() {
    tell(door_, [](Open::Builder) {});
    co_await sleep(8s);
    tell(door_, [](Open::Builder) {});  // puts the closing off
    co_await sleep(8s);
    co_await look("after 16 seconds", true);
    co_await sleep(3s);
    co_await look("after 19 seconds", false);
    co_await sleep(1h);
    const std::uint32_t checks = co_await look("an hour later", false);
    right_ = right_ && checks == 60;
    stop();
  }
  myelin::Task<std::uint32_t> look(const char* when, bool open) {
    const auto state = co_await ask<State>(
        door_, [](GetState::Builder) {}, 1s);
    if (!state) throw std::runtime_error{myelin::to_string(state.error())};
    std::printf("%s the door is %s, %u checks\n", when, (*state)->getOpen() ? "open" : "closed", (*state)->getChecks());
    right_ = right_ && (*state)->getOpen() == open;
    co_return (*state)->getChecks();
  }

  myelin::AgentRef door_;
  bool& right_;
};

}  // namespace

int main() {
  bool right = true;
  myelin::DeterministicMesh test;
  test.mesh().spawn<Visitor>(test.mesh().spawn<Door>(), right);
  test.run();
  for (int second = 0; second < 3700; ++second) {
    test.advance(1s);
    test.run();
  }
  return right && test.mesh().agents_running() == 1 ? 0 : 1;
}
