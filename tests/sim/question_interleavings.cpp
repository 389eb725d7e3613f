// Agents ask each other, answer late, pass questions on, forget them, give them up, stop and throw, while messages are
// lost, delayed and doubled and agents crash: every question ends once, and with its own answer or an error.
#include <map>
#include <memory>
#include <set>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "myelin/testkit/seeds.hpp"
#include "myelin/testkit/test_mesh.hpp"
#include "samples.capnp.h"
#include "stop_then_forget.hpp"

using myelin::AgentRef;
using myelin::Errc;
using myelin::Held;
using myelin::Reply;
using myelin::Result;
using myelin::testkit::for_each_seed;
using myelin::testkit::Random;
using myelin::testkit::require;
using myelin::testkit::TestMesh;
using test::StopThenForget;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t kSeeds = 2500;
constexpr std::uint64_t kQuestionsAnAsker = 12;
constexpr std::size_t kNodes = 5;

struct Books {
  explicit Books(std::uint64_t seed) : random{seed} {}
  Random random;
  std::vector<AgentRef> nodes;
  std::uint64_t asked = 0;
  std::uint64_t ended = 0;                    // their continuations were called
  std::map<std::size_t, std::uint64_t> lost;  // dropped uncalled, by asker
  std::set<std::size_t> gone;                 // agents that were destroyed
};

/// Travels in a continuation, and tells whether that was called once, or dropped.
class Witness {
 public:
  Witness(Books& books, std::size_t asker) : books_{&books}, asker_{asker} { ++books.asked; }
  Witness(Witness&& other) noexcept : books_{std::exchange(other.books_, nullptr)}, asker_{other.asker_} {}
  Witness& operator=(Witness&&) = delete;
  ~Witness() {
    if (books_ != nullptr && !called_) ++books_->lost[asker_];
  }
  void call() {
    require(!called_, "a question ends once");
    called_ = true;
    ++books_->ended;
  }

 private:
  Books* books_;
  std::size_t asker_;
  bool called_ = false;
};

class Node : public myelin::Agent {
 public:
  Node(Books& books, std::size_t index) : books_{books}, index_{index} {}
  ~Node() override { books_.gone.insert(index_); }
  static void handlers(myelin::Handlers<Node>& on) { on.message<&Node::tick>(); }
  void on_start() override { go_on(); }

 private:
  void go_on() {
    if (asked_ == kQuestionsAnAsker) return;
    ++asked_;
    const myelin::CorrelationId question = put(books_.random.next() % 1'000'000, {});
    if (books_.random.chance(0.15)) after(books_.random.between(0ms, 10ms), [this, question] { cancel(question); });
    after(books_.random.between(0ms, 5ms), [this] { go_on(); });
  }

  /// Asks another node, and passes the answer on to `reply` if that is wanted.
  myelin::CorrelationId put(std::uint64_t value, Reply<samples::Tick> reply) {
    const AgentRef& to = books_.nodes[books_.random.below(books_.nodes.size())];
    return ask<samples::Tick>(
        to, [&](samples::Tick::Builder tick) { tick.setValue(value); }, books_.random.between(1ms, 20ms),
        [value, witness = Witness{books_, index_},
         reply = std::move(reply)](Result<Held<samples::Tick>> answer) mutable {
          witness.call();
          if (answer) require((*answer)->getValue() == value, "an answer belongs to its question");
          if (!reply.wanted()) return;
          if (answer) {
            reply.send((*answer).frame());
          } else {
            reply.fail(answer.error());
          }
        });
  }

  void tick(samples::Tick::Reader tick, Reply<samples::Tick> reply) {
    const std::uint64_t value = tick.getValue();
    const auto answer = [value](samples::Tick::Builder builder) { builder.setValue(value); };
    switch (books_.random.below(40)) {
      case 0: stop(); break;
      case 1: throw std::runtime_error{"out of sorts"};
      case 2: break;  // forgotten
      case 3: reply.fail({Errc::invalid_argument, "no"}); break;
      default:
        switch (books_.random.below(3)) {
          case 0: reply.send(answer); break;
          case 1:
            after(books_.random.between(0ms, 30ms),
                  [reply = std::move(reply), answer]() mutable { reply.send(answer); });
            break;
          default: static_cast<void>(put(value, std::move(reply))); break;
        }
    }
  }

  Books& books_;
  std::size_t index_;
  std::uint64_t asked_ = 0;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(question_interleavings)

BOOST_AUTO_TEST_CASE(every_question_ends_once_whatever_happens_to_it) {
  for_each_seed({.count = kSeeds}, [](std::uint64_t seed) {
    Books books{seed};
    TestMesh mesh{seed};
    const StopThenForget end{mesh, {&books.nodes}};
    for (std::size_t node = 0; node < kNodes; ++node) books.nodes.push_back(mesh.spawn<Node>(books, node));
    if (books.random.chance(0.8)) {
      mesh.faults().drop({.probability = 0.05});
      mesh.faults().duplicate({.probability = 0.1});
      mesh.faults().delay(0ms, 15ms, {.probability = 0.2, .keep_order = books.random.chance(0.5)});
      mesh.faults().crash(books.nodes[0], {.after = 3, .probability = 0.2});
    }
    mesh.advance(10s);
    std::uint64_t lost = 0;
    for (const auto& [asker, count] : books.lost) {
      require(books.gone.contains(asker), "a question is dropped only with its asker");
      lost += count;
    }
    require(books.ended + lost == books.asked, "every question ends");
  });
}

BOOST_AUTO_TEST_SUITE_END()
