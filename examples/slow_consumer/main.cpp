// A producer that is much faster than its consumer, once with each reaction to a full mailbox. What waits stays
// bounded, every message is handled or accounted for, and control messages always get through.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>

#include <myelin/actors/mesh.hpp>

#include "flood.capnp.h"

using namespace std::chrono_literals;

namespace {

constexpr std::uint32_t kWork = 20'000;
constexpr std::uint32_t kPortion = 500;
constexpr std::size_t kCapacity = 1000;

struct Counts {
  std::uint64_t handled = 0;
  std::uint64_t beats = 0;
  std::uint64_t given_back = 0;
};

class Consumer : public myelin::Agent {
 public:
  explicit Consumer(Counts& counts) : counts_{counts} {}
  static void handlers(myelin::Handlers<Consumer>& on) {
    on.message<&Consumer::work>();
    on.message<&Consumer::beat>();
  }

 private:
  /// Five microseconds of thinking.
  void work(Work::Reader) {
    const auto end = std::chrono::steady_clock::now() + 5us;
    while (std::chrono::steady_clock::now() < end) {
    }
    ++counts_.handled;
  }
  void beat(Beat::Reader) { ++counts_.beats; }

  Counts& counts_;
};

class Producer : public myelin::Agent {
 public:
  Producer(myelin::AgentRef consumer, Counts& counts) : consumer_{std::move(consumer)}, counts_{counts} {}
  static void handlers(myelin::Handlers<Producer>& on) { on.message<&Producer::more>(); }
  void on_start() override {
    tell(self(), [](More::Builder) {});
  }
  /// With Overload::reject, what did not fit comes back. Here it is only counted; it could be sent again later.
  void on_rejected(const myelin::AgentRef&, myelin::Frame frame) override { counts_.given_back += frame.size(); }

 private:
  void more(More::Reader) {
    for (std::uint32_t i = 0; i < kPortion; ++i) {
      tell(consumer_, [&](Work::Builder work) { work.setNumber(sent_); });
      ++sent_;
    }
    tell(
        consumer_, [](Beat::Builder) {}, myelin::Lane::control);
    // Not a loop over all: with Overload::block the mesh pauses this agent here, before its next message.
    if (sent_ < kWork) tell(self(), [](More::Builder) {});
  }

  myelin::AgentRef consumer_;
  Counts& counts_;
  std::uint32_t sent_ = 0;
};

long resident_kib() {
  std::ifstream status{"/proc/self/status"};
  for (std::string word; status >> word;) {
    long kib = 0;
    if (word == "VmRSS:" && status >> kib) return kib;
  }
  return 0;
}

/// Whether everything adds up.
bool run(const char* name, myelin::Overload when_full) {
  Counts counts;
  myelin::Mesh mesh{{.workers = 2}};
  const long before = resident_kib();
  const myelin::AgentRef consumer =
      mesh.spawn_with<Consumer>({.mailbox = {{.capacity = kCapacity, .when_full = when_full}}}, counts);
  mesh.spawn<Producer>(consumer, counts);
  const bool drained = mesh.shutdown({.drain = 20s}).drained;

  std::uint64_t deepest = 0;
  for (const auto& agents : mesh.metrics().classes) deepest = std::max(deepest, agents.deepest);
  const std::uint64_t dropped = mesh.dead_letters().count(myelin::Errc::overloaded);
  std::printf("%-12s %6llu handled %6llu given back %6llu dropped %3llu beats; %4llu waited at most, %+ld KiB\n", name,
              static_cast<unsigned long long>(counts.handled), static_cast<unsigned long long>(counts.given_back),
              static_cast<unsigned long long>(dropped), static_cast<unsigned long long>(counts.beats),
              static_cast<unsigned long long>(deepest), resident_kib() - before);
  return drained && counts.handled + counts.given_back + dropped == kWork && counts.beats == kWork / kPortion &&
         deepest < kCapacity + kPortion + 2 * myelin::limits::kBatchItemsMax;
}

}  // namespace

int main() {
  bool right = run("block", myelin::Overload::block);
  right &= run("reject", myelin::Overload::reject);
  right &= run("drop_newest", myelin::Overload::drop_newest);
  right &= run("drop_oldest", myelin::Overload::drop_oldest);
  return right ? 0 : 1;
}
