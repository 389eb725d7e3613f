/// Agents under test.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "myelin/actors/agent.hpp"
#include "samples.capnp.h"

namespace test {

using namespace std::chrono_literals;

/// Answers a Tick with its double; sends a Note back to whoever is named when told one.
class Doubler : public myelin::Agent {
 public:
  static void handlers(myelin::Handlers<Doubler>& on) { on.message<&Doubler::tick>(); }

 private:
  void tick(samples::Tick::Reader tick, myelin::Reply<samples::Tick> reply) {
    reply.send([&](samples::Tick::Builder answer) { answer.setValue(2 * tick.getValue()); });
  }
};

/// Passes each message on to another agent.
class Relay : public myelin::Agent {
 public:
  explicit Relay(myelin::AgentRef to) : to_{std::move(to)} {}
  static void handlers(myelin::Handlers<Relay>& on) {
    on.message<&Relay::tick>();
    on.message<&Relay::note>();
  }

 private:
  void tick(samples::Tick::Reader tick) {
    tell(to_, [&](samples::Tick::Builder next) { next.setValue(tick.getValue()); });
  }
  void note(samples::Note::Reader note) {
    tell(to_, [&](samples::Note::Builder next) { next.setText(note.getText()); });
  }
  myelin::AgentRef to_;
};

/// Tells another agent ticks first, first + 1, ..., one message each, when it starts.
class Counter : public myelin::Agent {
 public:
  Counter(myelin::AgentRef to, std::uint64_t first, std::uint64_t count)
      : to_{std::move(to)}, first_{first}, count_{count} {}
  static void handlers(myelin::Handlers<Counter>&) {}
  void on_start() override {
    for (std::uint64_t value = first_; value < first_ + count_; ++value) {
      tell(to_, [&](samples::Tick::Builder tick) { tick.setValue(value); });
      flush();
    }
  }

 private:
  myelin::AgentRef to_;
  std::uint64_t first_, count_;
};

/// Tells another agent a Tick every second.
class Clockwork : public myelin::Agent {
 public:
  explicit Clockwork(myelin::AgentRef to) : to_{std::move(to)} {}
  static void handlers(myelin::Handlers<Clockwork>&) {}
  void on_start() override { again(); }

 private:
  void again() {
    after(1s, [this] {
      tell(to_, [&](samples::Tick::Builder tick) { tick.setValue(++count_); });
      again();
    });
  }
  myelin::AgentRef to_;
  std::uint64_t count_ = 0;
};

}  // namespace test
