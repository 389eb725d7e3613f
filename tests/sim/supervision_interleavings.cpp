// Supervised workers fail at messages and by injected crashes, under every strategy and with waits before restarts,
// while others tell and ask them things: nothing is lost but what they failed at, order is kept, and in the end all of
// them run.
#include <map>

#include <boost/test/unit_test.hpp>

#include "myelin/actors/supervisor.hpp"
#include "myelin/testkit/seeds.hpp"
#include "myelin/testkit/test_mesh.hpp"
#include "samples.capnp.h"

using myelin::AgentRef;
using myelin::DeadLetter;
using myelin::Errc;
using myelin::Strategy;
using myelin::Supervisor;
using myelin::SupervisorSpec;
using myelin::testkit::for_each_seed;
using myelin::testkit::Random;
using myelin::testkit::require;
using myelin::testkit::TestMesh;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t kSeedsAStrategy = 500;
constexpr std::uint64_t kMessagesASource = 30;
constexpr std::size_t kWorkers = 3;

struct Books {
  explicit Books(std::uint64_t seed) : random{seed} {}
  Random random;
  std::uint64_t told = 0, told_handled = 0, told_dead = 0;
  std::uint64_t asked = 0, answered = 0, failed = 0;
  bool others_dead = false;
  // By worker and source: over restarts, so not in the worker.
  std::map<std::pair<std::size_t, std::uint64_t>, std::uint64_t> last;
};

/// Takes ticks of source * 1000 + number, and fails at some.
class Worker : public myelin::Agent {
 public:
  Worker(Books& books, std::size_t index) : books_{books}, index_{index} {}
  static void handlers(myelin::Handlers<Worker>& on) { on.message<&Worker::tick>(); }

 private:
  void tick(samples::Tick::Reader tick, myelin::Reply<samples::Tick> reply) {
    const std::uint64_t value = tick.getValue();
    const bool was_asked = reply.wanted();
    const auto [last, is_first] = books_.last.try_emplace({index_, value / 1000}, value);
    require(is_first || last->second < value, "a sender is heard in order, over restarts, and nothing twice");
    last->second = value;
    if (books_.random.chance(0.1)) throw std::runtime_error{"enough"};
    reply.send([&](samples::Tick::Builder answer) { answer.setValue(value); });
    if (books_.random.chance(0.03)) return fail({Errc::invalid_argument, "after it was answered"});
    if (!was_asked) ++books_.told_handled;
  }
  Books& books_;
  std::size_t index_;
};

class Source : public myelin::Agent {
 public:
  Source(Books& books, std::vector<AgentRef> workers, std::uint64_t number)
      : books_{books}, workers_{std::move(workers)}, number_{number} {}
  static void handlers(myelin::Handlers<Source>&) {}
  void on_start() override { burst(); }

 private:
  void burst() {
    for (std::uint64_t count = 1 + books_.random.below(6); count > 0 && sent_ < kMessagesASource; --count) one();
    if (sent_ < kMessagesASource) after(books_.random.between(0ms, 4ms), [this] { burst(); });
  }
  void one() {
    const AgentRef& to = workers_[books_.random.below(workers_.size())];
    const std::uint64_t value = number_ * 1000 + sent_++;
    const auto fill = [value](samples::Tick::Builder tick) { tick.setValue(value); };
    if (books_.random.chance(0.25)) {
      ++books_.asked;
      ask<samples::Tick>(to, fill, 1h, [this, value](auto answer) {
        if (answer) require((*answer)->getValue() == value, "an answer belongs to its question");
        ++(answer ? books_.answered : books_.failed);
      });
    } else {
      ++books_.told;
      tell(to, fill);
    }
  }
  Books& books_;
  std::vector<AgentRef> workers_;
  std::uint64_t number_;
  std::uint64_t sent_ = 0;
};

void supervise(std::uint64_t seed, Strategy strategy) {
  Books books{seed};
  TestMesh mesh{{.seed = seed, .watched = seed % 2 == 0}};
  const auto observed = mesh.dead_letters().observe([&books](const DeadLetter& letter) {
    if (!letter.frame || letter.frame.correlation() != 0) return;
    books.others_dead |= letter.cause != Errc::handler_failed;
    books.told_dead += letter.messages;
  });
  SupervisorSpec spec;
  spec.strategy(strategy).restarts(1'000'000, 1s);
  if (books.random.chance(0.5)) spec.backoff({.initial = 1ms, .factor = 2, .max = 8ms, .jitter = 0.5});
  for (std::size_t worker = 0; worker < kWorkers; ++worker) {
    spec.child<Worker>(std::to_string(worker), std::ref(books), worker);
  }
  const AgentRef tree = mesh.spawn<Supervisor>(spec);
  std::vector<AgentRef> workers;
  for (std::size_t worker = 0; worker < kWorkers; ++worker) {
    workers.push_back(mesh.mesh().child(tree, std::to_string(worker)));
    mesh.faults().crash(workers.back(), {.after = 4, .probability = 0.05, .times_max = 3});
  }
  const std::uint64_t sources = 1 + books.random.below(3);
  for (std::uint64_t source = 0; source < sources; ++source) mesh.spawn<Source>(books, workers, source);
  mesh.advance(10s);
  require(books.told + books.asked == sources * kMessagesASource, "every sender sends all");
  require(books.told_handled + books.told_dead == books.told, "what was told is handled, or is a dead letter");
  require(!books.others_dead, "only what a worker failed at is a dead letter");
  require(books.answered + books.failed == books.asked, "every question ends");
  require(mesh.agents_running() == 1 + kWorkers + sources, "all run in the end");
}

void supervise_all(Strategy strategy) {
  for_each_seed({.count = kSeedsAStrategy}, [&](std::uint64_t seed) { supervise(seed, strategy); });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(supervision_interleavings)

BOOST_AUTO_TEST_CASE(one_for_one_loses_nothing_but_what_was_failed_at) { supervise_all(Strategy::one_for_one); }
BOOST_AUTO_TEST_CASE(one_for_all_loses_nothing_but_what_was_failed_at) { supervise_all(Strategy::one_for_all); }
BOOST_AUTO_TEST_CASE(rest_for_one_loses_nothing_but_what_was_failed_at) { supervise_all(Strategy::rest_for_one); }

BOOST_AUTO_TEST_SUITE_END()
