// Coroutines ask, sleep, and wait for several things, while messages are lost and delayed and their agents stop and
// crash: what they hold stays alive, every question ends once, and no coroutine outlives its agent.
#include <vector>

#include <boost/test/unit_test.hpp>

#include "myelin/actors/group.hpp"
#include "myelin/testkit/seeds.hpp"
#include "myelin/testkit/test_mesh.hpp"
#include "samples.capnp.h"
#include "stop_then_forget.hpp"

using myelin::AgentRef;
using myelin::Errc;
using myelin::Held;
using myelin::Task;
using myelin::testkit::for_each_seed;
using myelin::testkit::Random;
using myelin::testkit::require;
using myelin::testkit::TestMesh;
using test::StopThenForget;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t kSeeds = 1500;
constexpr std::uint64_t kQuestionsAnAsker = 10;
constexpr std::size_t kNodes = 4;

struct Books {
  explicit Books(std::uint64_t seed) : random{seed} {}
  Random random;
  std::vector<AgentRef> nodes;
  std::int64_t alive = 0;  // coroutines
  std::uint64_t asked = 0, ended = 0;

  const AgentRef& any_node() { return nodes[random.below(nodes.size())]; }
  myelin::Duration patience() { return random.between(1ms, 20ms); }
};

/// Lives as long as the coroutine in which it is.
class Alive {
 public:
  explicit Alive(Books& books) : books_{books} { ++books_.alive; }
  Alive(const Alive&) = delete;
  Alive& operator=(const Alive&) = delete;
  ~Alive() { --books_.alive; }

 private:
  Books& books_;
};

auto tick_of(std::uint64_t value) {
  return [value](samples::Tick::Builder tick) { tick.setValue(value); };
}

class Node : public myelin::Agent {
 public:
  explicit Node(Books& books) : books_{books} {}
  static void handlers(myelin::Handlers<Node>& on) { on.message<&Node::tick>(); }

 private:
  Task<samples::Tick> tick(Held<samples::Tick> tick) {
    const Alive alive{books_};
    const std::uint64_t value = tick->getValue();
    switch (books_.random.below(30)) {
      case 0: stop(); break;
      case 1: throw std::runtime_error{"out of sorts"};
      case 2: co_return myelin::fail(Errc::invalid_argument, "no");
      default: break;
    }
    switch (books_.random.below(5)) {
      case 0: break;
      case 1: co_await sleep(books_.random.between(0ms, 30ms)); break;
      case 2: {
        const auto answer = co_await ask<samples::Tick>(books_.any_node(), tick_of(value + 1), books_.patience());
        if (answer) require((*answer)->getValue() == value + 1, "an answer belongs to its question");
        break;
      }
      case 3: {
        const auto both = co_await myelin::all(
            ask<samples::Tick>(books_.any_node(), tick_of(value + 2), books_.patience()), sleep(books_.patience()));
        static_cast<void>(both);
        break;
      }
      default: {
        const auto first = co_await myelin::any(
            ask<samples::Tick>(books_.any_node(), tick_of(value + 3), books_.patience()), sleep(books_.patience()));
        static_cast<void>(first);
        break;
      }
    }
    require(tick->getValue() == value, "a message that is held stays as it was");
    if (books_.random.chance(0.02)) throw std::runtime_error{"later"};
    co_return tick;
  }

  Books& books_;
};

/// Asks the nodes, and lives to the end.
class Asker : public myelin::Agent {
 public:
  explicit Asker(Books& books) : books_{books} {}
  static void handlers(myelin::Handlers<Asker>&) {}
  void on_start() override { start(put_all()); }

 private:
  Task<> put_all() {
    const Alive alive{books_};
    for (std::uint64_t number = 0; number < kQuestionsAnAsker; ++number) {
      const std::uint64_t value = books_.random.next() % 1'000'000;
      ++books_.asked;
      const auto answer = co_await ask<samples::Tick>(books_.any_node(), tick_of(value), 10 * books_.patience());
      ++books_.ended;
      if (answer) require((*answer)->getValue() == value, "an answer belongs to its question");
    }
  }
  Books& books_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(coroutine_interleavings)

BOOST_AUTO_TEST_CASE(coroutines_end_with_their_agents_and_their_questions_end_once) {
  for_each_seed({.count = kSeeds}, [](std::uint64_t seed) {
    Books books{seed};
    {
      TestMesh mesh{seed};
      const StopThenForget end{mesh, {&books.nodes}};
      for (std::size_t node = 0; node < kNodes; ++node) books.nodes.push_back(mesh.spawn<Node>(books));
      for (int asker = 0; asker < 2; ++asker) mesh.spawn<Asker>(books);
      if (books.random.chance(0.8)) {
        mesh.faults().drop({.probability = 0.05});
        mesh.faults().delay(0ms, 15ms, {.probability = 0.2});
        mesh.faults().duplicate({.probability = 0.05});
        mesh.faults().crash(books.nodes[0], {.after = 3, .probability = 0.2});
      }
      if (books.random.chance(0.3)) {
        mesh.advance(books.random.between(0ms, 40ms));  // the mesh ends in the middle of it all
      } else {
        mesh.advance(60s);
        require(books.asked == 2 * kQuestionsAnAsker, "everything is asked");
        require(books.ended == books.asked, "every question ends");
        require(books.alive == 0, "every coroutine has ended, or its agent has");
      }
    }
    require(books.alive == 0, "no coroutine outlives its agent");
  });
}

BOOST_AUTO_TEST_SUITE_END()
