// Tests of an agent, with the test kit and no test framework: what fails, throws.
#include <cstdio>
#include <exception>

#include <myelin/testkit/probe.hpp>
#include <myelin/testkit/seeds.hpp>

#include "fetcher.hpp"

using myelin::testkit::Probe;
using myelin::testkit::require;
using myelin::testkit::TestMesh;
using namespace std::chrono_literals;

namespace {

void brings_what_the_store_holds() {
  TestMesh mesh;
  Probe store{mesh, "store"}, monitor{mesh, "monitor"};
  store.reply_with<Lookup, Value>([](Lookup::Reader lookup, Value::Builder value) {
    value.setText("the value of " + std::string{lookup.getKey()});
  });
  const myelin::AgentRef fetcher = mesh.spawn<Fetcher>(store.ref(), monitor.ref());

  const auto value = mesh.ask<Value>(fetcher, [](Fetch::Builder fetch) { fetch.setKey("colour"); });
  require(value && (*value)->getText() == "the value of colour", "the value comes back");
  monitor.expect_none();
}

void gives_up_a_store_that_is_silent() {
  TestMesh mesh;
  Probe store{mesh, "store"}, monitor{mesh, "monitor"};
  const myelin::AgentRef fetcher = mesh.spawn<Fetcher>(store.ref(), monitor.ref());

  const auto value = mesh.ask<Value>(fetcher, [](Fetch::Builder fetch) { fetch.setKey("colour"); });
  require(!value && value.error().code == myelin::Errc::timeout, "the client learns that there is no answer");
  require(mesh.elapsed() == Fetcher::kTriesMax * Fetcher::kPatience, "after three times 100 ms, to the nanosecond");
  monitor.expect<GaveUp>([](GaveUp::Reader gave_up) { return gave_up.getTries() == 3; });
}

void asks_again_when_a_message_is_lost() {
  TestMesh mesh;
  Probe store{mesh, "store"}, monitor{mesh, "monitor"};
  store.reply_with<Lookup, Value>([](Lookup::Reader, Value::Builder value) { value.setText("blue"); });
  const myelin::AgentRef fetcher = mesh.spawn<Fetcher>(store.ref(), monitor.ref());
  mesh.faults().drop<Lookup>({.times_max = 1});
  mesh.faults().drop<Value>({.from = store.ref(), .times_max = 1});

  const auto value = mesh.ask<Value>(fetcher, [](Fetch::Builder fetch) { fetch.setKey("colour"); });
  require(value.has_value(), "the third question is answered");
  require(mesh.faults().counts().dropped == 2, "one question and one answer were lost");
}

void brings_the_right_value_over_a_bad_network() {
  myelin::testkit::for_each_seed({.count = 300}, [](std::uint64_t seed) {
    TestMesh mesh{seed};
    Probe store{mesh, "store"}, monitor{mesh, "monitor"};
    store.reply_with<Lookup, Value>(
        [](Lookup::Reader lookup, Value::Builder value) { value.setText(lookup.getKey()); });
    const myelin::AgentRef fetcher = mesh.spawn<Fetcher>(store.ref(), monitor.ref());
    mesh.faults().drop({.to = store.ref(), .probability = 0.2});
    mesh.faults().delay(0ms, 80ms, {.from = store.ref()});
    mesh.faults().duplicate<Lookup>({.probability = 0.3});

    for (const char* key : {"colour", "size", "weight"}) {
      const auto value = mesh.ask<Value>(fetcher, [&](Fetch::Builder fetch) { fetch.setKey(key); });
      if (value) {
        require((*value)->getText() == key, "a late answer must not pass for the next one");
      } else {
        monitor.expect<GaveUp>([&](GaveUp::Reader gave_up) { return gave_up.getKey() == key; });
      }
    }
  });
}

bool passes(const char* name, void (*test)()) {
  try {
    test();
    std::printf("passed: %s\n", name);
    return true;
  } catch (const std::exception& failure) {
    std::printf("FAILED: %s\n%s\n", name, failure.what());
    return false;
  }
}

}  // namespace

int main() {
  bool all = passes("brings what the store holds", brings_what_the_store_holds);
  all &= passes("gives up a store that is silent", gives_up_a_store_that_is_silent);
  all &= passes("asks again when a message is lost", asks_again_when_a_message_is_lost);
  all &= passes("brings the right value over a bad network", brings_the_right_value_over_a_bad_network);
  return all ? 0 : 1;
}
