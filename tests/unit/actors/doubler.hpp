/// What the tests of CAF's side share: an agent that doubles, and frames for it.
#pragma once

#include <boost/test/unit_test.hpp>

#include "myelin/actors/agent.hpp"
#include "myelin/serialization/batch.hpp"
#include "myelin/serialization/guard.hpp"
#include "samples.capnp.h"

namespace test {

class Doubler : public myelin::Agent {
 public:
  static void handlers(myelin::Handlers<Doubler>& on) {
    on.message<&Doubler::twice>();
    on.message<&Doubler::end>();
  }

 private:
  void twice(samples::Tick::Reader tick, myelin::Reply<samples::Tick> reply) {
    reply.send([&](samples::Tick::Builder answer) { answer.setValue(2 * tick.getValue()); });
  }
  void end(samples::Empty::Reader) { stop(); }
};

inline myelin::Frame tick(std::uint64_t value) {
  return myelin::make_frame<samples::Tick>([&](samples::Tick::Builder t) { t.setValue(value); });
}

inline std::uint64_t value_of(const myelin::Frame& frame) {
  BOOST_REQUIRE(myelin::check_as<samples::Tick>(frame).has_value());
  return (*myelin::Held<samples::Tick>{frame}).getValue();
}

}  // namespace test
