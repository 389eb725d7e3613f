// Senders mix all the ways to send, to more receivers than an outbox has places: each receiver hears each sender in
// order and completely, and what was told before an answer comes before it.
#include <map>
#include <set>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "myelin/testkit/seeds.hpp"
#include "myelin/testkit/test_mesh.hpp"
#include "samples.capnp.h"
#include "stop_then_forget.hpp"

using myelin::AgentRef;
using myelin::testkit::for_each_seed;
using myelin::testkit::Random;
using myelin::testkit::require;
using myelin::testkit::TestMesh;
using test::StopThenForget;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t kSeeds = 2000;
constexpr std::uint64_t kMessagesASource = 40;
constexpr std::uint64_t kManyReceivers = 20;  // more than limits::kOutboxDestinationsMax

struct Books {
  explicit Books(std::uint64_t seed) : random{seed} {}
  Random random;
  std::uint64_t handled = 0, answered = 0, asked = 0, echoes = 0;
};

// A message's value: its source, its sink, and its number on the way between the two.
constexpr std::uint64_t number_of(std::uint64_t value) { return value % 1000; }
constexpr std::uint64_t source_of(std::uint64_t value) { return value / 100'000; }

/// Takes two types of message. To a question it first tells the asker the same number, then answers.
class Sink : public myelin::Agent {
 public:
  explicit Sink(Books& books, const std::vector<AgentRef>& sources) : books_{books}, sources_{sources} {}
  static void handlers(myelin::Handlers<Sink>& on) {
    on.message<&Sink::tick>();
    on.message<&Sink::note>();
  }

 private:
  void tick(samples::Tick::Reader tick, myelin::Reply<samples::Tick> reply) {
    const std::uint64_t value = tick.getValue();
    take(value);
    if (!reply.wanted()) return;
    tell(sources_[source_of(value)], [&](samples::Tick::Builder echo) { echo.setValue(value); });
    reply.send([&](samples::Tick::Builder answer) { answer.setValue(value); });
  }
  void note(samples::Note::Reader note) { take(note.getId()); }
  void take(std::uint64_t value) {
    ++books_.handled;
    require(number_of(value) == next_[source_of(value)]++, "a receiver hears a sender in order and completely");
  }

  Books& books_;
  const std::vector<AgentRef>& sources_;
  std::map<std::uint64_t, std::uint64_t> next_;
};

class Source : public myelin::Agent {
 public:
  Source(Books& books, const std::vector<AgentRef>& sinks, std::uint64_t index)
      : books_{books}, sinks_{sinks}, index_{index}, next_(sinks.size()) {}
  static void handlers(myelin::Handlers<Source>& on) { on.message<&Source::echo>(); }
  void on_start() override { burst(); }

 private:
  void echo(samples::Tick::Reader tick) {
    ++books_.echoes;
    echoes_.insert(tick.getValue());
  }
  void burst() {
    for (std::uint64_t count = 1 + books_.random.below(10); count > 0 && sent_ < kMessagesASource; --count) one();
    if (sent_ < kMessagesASource) after(books_.random.between(0ms, 1ms), [this] { burst(); });
  }
  void one() {
    ++sent_;
    const std::size_t to = books_.random.below(sinks_.size());
    const std::uint64_t value = index_ * 100'000 + to * 1000 + next_[to]++;
    const auto tick = [value](samples::Tick::Builder message) { message.setValue(value); };
    const auto note = [value](samples::Note::Builder message) { message.setId(value); };
    switch (books_.random.below(6)) {
      case 0: send(sinks_[to], myelin::make_frame<samples::Tick>(tick)); break;
      case 1: send(sinks_[to], myelin::make_frame<samples::Note>(note)); break;
      case 2:
        ++books_.asked;
        ask<samples::Tick>(sinks_[to], tick, 1h, [this, value](auto answer) {
          require(answer.has_value() && (*answer)->getValue() == value, "an answer belongs to its question");
          require(echoes_.contains(value), "what was told before an answer comes before it");
          ++books_.answered;
        });
        break;
      case 3:
        tell(sinks_[to], tick);
        flush();
        break;
      case 4: tell(sinks_[to], note); break;
      default: tell(sinks_[to], tick); break;
    }
  }

  Books& books_;
  const std::vector<AgentRef>& sinks_;
  std::uint64_t index_;
  std::vector<std::uint64_t> next_;  // by sink
  std::uint64_t sent_ = 0;
  std::set<std::uint64_t> echoes_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(outbox_interleavings)

BOOST_AUTO_TEST_CASE(each_receiver_hears_each_sender_in_order_however_it_sends) {
  for_each_seed({.count = kSeeds}, [](std::uint64_t seed) {
    // Before the mesh, for its agents look at them to the end.
    std::vector<AgentRef> sinks, sources;
    Books books{seed};
    TestMesh mesh{{.seed = seed, .watched = seed % 2 == 0}};
    const StopThenForget end{mesh, {&sinks, &sources}};
    const std::uint64_t sink_count = books.random.chance(0.2) ? kManyReceivers : 1 + books.random.below(4);
    const std::uint64_t source_count = 1 + books.random.below(3);
    for (std::uint64_t sink = 0; sink < sink_count; ++sink) sinks.push_back(mesh.spawn<Sink>(books, sources));
    for (std::uint64_t source = 0; source < source_count; ++source) {
      sources.push_back(mesh.spawn<Source>(books, sinks, source));
    }
    mesh.advance(1s);
    require(books.handled == source_count * kMessagesASource, "all that was sent is handled");
    require(books.answered == books.asked, "every question is answered");
    require(books.echoes == books.asked, "every echo comes");
    require(mesh.dead_letters().recent().empty(), "nothing is a dead letter");
  });
}

BOOST_AUTO_TEST_SUITE_END()
