/// Agents that the tests of the runtime share.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "myelin/actors/agent.hpp"
#include "samples.capnp.h"

namespace test {

/// Writes down each Tick and Note that it gets, and where it found them.
class Recorder : public myelin::Agent {
 public:
  struct Log {
    std::vector<std::uint64_t> ticks;
    std::vector<std::string> notes;
    std::vector<const void*> places;
    std::vector<std::string> order;
    std::vector<myelin::FrameHeader> headers;
  };
  explicit Recorder(Log& log) : log_{log} {}

  static void handlers(myelin::Handlers<Recorder>& on) {
    on.message<&Recorder::tick>();
    on.message<&Recorder::note>();
  }

 private:
  void tick(samples::Tick::Reader tick) {
    log_.ticks.push_back(tick.getValue());
    log_.order.push_back("tick " + std::to_string(tick.getValue()));
    log_.headers.push_back(current_header());
  }
  void note(samples::Note::Reader note) {
    log_.notes.emplace_back(note.getText().cStr());
    log_.places.push_back(note.getText().begin());
    log_.order.push_back("note " + log_.notes.back());
    log_.headers.push_back(current_header());
  }

  Log& log_;
};

/// Does what it was given to do, in its first turn: for tests that need code to run inside an agent.
class Actor : public myelin::Agent {
 public:
  using Body = std::function<void(Actor&)>;
  explicit Actor(Body body) : body_{std::move(body)} {}

  static void handlers(myelin::Handlers<Actor>& on) { on.message<&Actor::again>(); }

  void on_start() override { body_(*this); }
  void on_down(const Down& down) override { downs.push_back(down); }

  // What agents can do, for the body.
  using Agent::after;
  using Agent::ask;
  using Agent::cancel;
  using Agent::fail;
  using Agent::flush;
  using Agent::link;
  using Agent::now;
  using Agent::offload;
  using Agent::self;
  using Agent::send;
  using Agent::spawn;
  using Agent::spawn_supervised;
  using Agent::start_child;
  using Agent::stop;
  using Agent::tell;
  using Agent::watch;

  std::vector<Down> downs;

 private:
  void again(samples::Empty::Reader) { body_(*this); }

  Body body_;
};

}  // namespace test
