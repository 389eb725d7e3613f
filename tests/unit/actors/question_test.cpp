// How questions end other than by an answer: given up, in a circle, under another question's deadline.
#include <boost/test/unit_test.hpp>

#include "agents.hpp"
#include "myelin/actors/deterministic_mesh.hpp"

using myelin::AgentRef;
using myelin::DeterministicMesh;
using myelin::Errc;
using myelin::Held;
using myelin::Reply;
using myelin::Result;
using test::Actor;
using namespace std::chrono_literals;

BOOST_TEST_DONT_PRINT_LOG_VALUE(myelin::Errc)

namespace {

/// Keeps the replies to notes; handles ticks slowly, so to say: by counting them.
class Keeper : public myelin::Agent {
 public:
  struct Log {
    std::vector<Reply<samples::Note>> kept;
    int handled = 0;
    std::vector<bool> cancelled;
  };
  explicit Keeper(Log& log) : log_{log} {}
  static void handlers(myelin::Handlers<Keeper>& on) {
    on.message<&Keeper::keep>();
    on.message<&Keeper::look>();
    on.message<&Keeper::answer_all>();
  }

 private:
  void keep(samples::Note::Reader, Reply<samples::Note> reply) {
    ++log_.handled;
    log_.kept.push_back(std::move(reply));
  }
  void look(samples::Tick::Reader) {
    for (const auto& reply : log_.kept) log_.cancelled.push_back(reply.cancelled());
  }
  void answer_all(samples::Empty::Reader) {
    for (auto& reply : log_.kept) reply.send([](samples::Note::Builder) {});
    log_.kept.clear();
  }
  Log& log_;
};

/// Passes a question on to the next and its answer back.
class Relay : public myelin::Agent {
 public:
  explicit Relay(std::function<AgentRef()> next, myelin::Duration patience = 10s)
      : next_{std::move(next)}, patience_{patience} {}
  static void handlers(myelin::Handlers<Relay>& on) { on.message<&Relay::pass>(); }

 private:
  void pass(samples::Tick::Reader tick, Reply<samples::Tick> reply) {
    const std::uint64_t value = tick.getValue();
    ask<samples::Tick>(
        next_(), [&](samples::Tick::Builder next) { next.setValue(value); }, patience_,
        [reply = std::move(reply)](Result<Held<samples::Tick>> answer) mutable {
          if (!answer) return reply.fail(answer.error());
          reply.send([&](samples::Tick::Builder back) { back.setValue((*answer)->getValue() + 1); });
        });
  }
  std::function<AgentRef()> next_;
  myelin::Duration patience_;
};

/// A Relay that may be asked by those it waits for; answers the second time.
class Reentrant : public myelin::Agent {
 public:
  static constexpr bool kReentrant = true;
  explicit Reentrant(std::function<AgentRef()> next) : next_{std::move(next)} {}
  static void handlers(myelin::Handlers<Reentrant>& on) { on.message<&Reentrant::pass>(); }

 private:
  void pass(samples::Tick::Reader, Reply<samples::Tick> reply) {
    if (++asked_ == 2) return reply.send([](samples::Tick::Builder tick) { tick.setValue(100); });
    ask<samples::Tick>(
        next_(), [](samples::Tick::Builder) {}, 1s,
        [reply = std::move(reply)](Result<Held<samples::Tick>> answer) mutable {
          if (!answer) return reply.fail(answer.error());
          reply.send([&](samples::Tick::Builder back) { back.setValue((*answer)->getValue() + 1); });
        });
  }
  std::function<AgentRef()> next_;
  int asked_ = 0;
};

struct Fixture {
  DeterministicMesh test;
  Keeper::Log log;
  AgentRef keeper = test.mesh().spawn<Keeper>(log);
  std::optional<Result<Held<samples::Note>>> outcome;

  /// Starts an agent that puts one question to the keeper and waits for `patience`.
  AgentRef ask_keeper(myelin::Duration patience, std::function<void(Actor&, myelin::CorrelationId)> then = {}) {
    return test.mesh().spawn<Actor>([this, patience, then](Actor& self) {
      const auto question = self.ask<samples::Note>(
          keeper, [](samples::Note::Builder) {}, patience,
          [this](Result<Held<samples::Note>> answer) { outcome.emplace(std::move(answer)); });
      if (then) then(self, question);
    });
  }
  void look() {
    test.mesh().tell(keeper, [](samples::Tick::Builder) {});
    test.run();
  }
  Result<Held<samples::Tick>> ask_tick(const AgentRef& to, std::uint64_t value, myelin::Duration patience = 20s) {
    std::optional<Result<Held<samples::Tick>>> answer;
    test.mesh().spawn<Actor>([&](Actor& self) {
      self.ask<samples::Tick>(
          to, [&](samples::Tick::Builder tick) { tick.setValue(value); }, patience,
          [&](Result<Held<samples::Tick>> result) { answer.emplace(std::move(result)); });
    });
    test.run();
    BOOST_REQUIRE(answer.has_value());
    return *std::move(answer);
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(question, Fixture)

BOOST_AUTO_TEST_CASE(the_agent_that_was_asked_learns_that_the_deadline_has_passed) {
  ask_keeper(1s);
  test.run();
  look();
  test.advance(2s);
  test.run();
  look();
  BOOST_TEST(log.cancelled == (std::vector<bool>{false, true}), boost::test_tools::per_element());
  BOOST_TEST(outcome->error().code == Errc::timeout);
  // Its answer is dropped where it stands, and is no dead letter.
  test.mesh().tell(keeper, [](samples::Empty::Builder) {});
  test.run();
  BOOST_TEST(test.mesh().dead_letters().count(Errc::late_answer) == 0U);
}

BOOST_AUTO_TEST_CASE(a_cancelled_question_ends_as_such_and_the_other_side_learns_it) {
  ask_keeper(10s,
             [](Actor& self, myelin::CorrelationId asked) { self.after(1s, [&self, asked] { self.cancel(asked); }); });
  test.run();
  BOOST_TEST(!outcome.has_value());
  test.advance(1s);
  test.run();
  BOOST_REQUIRE(outcome.has_value());
  BOOST_TEST(outcome->error().code == Errc::cancelled);
  look();
  BOOST_TEST(log.cancelled == (std::vector<bool>{true}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_question_cancelled_before_it_is_handled_is_never_handled) {
  ask_keeper(10s, [](Actor& self, myelin::CorrelationId asked) { self.cancel(asked); });
  test.run();
  BOOST_TEST(outcome->error().code == Errc::cancelled);
  BOOST_TEST(log.handled == 0);
}

BOOST_AUTO_TEST_CASE(when_an_asker_stops_its_questions_are_given_up) {
  const AgentRef asker = ask_keeper(10s);
  test.run();
  test.mesh().stop_agent(asker);
  test.run();
  look();
  BOOST_TEST(log.cancelled == (std::vector<bool>{true}), boost::test_tools::per_element());
  BOOST_TEST(!outcome.has_value());
}

BOOST_AUTO_TEST_CASE(an_answered_question_is_not_cancelled) {
  ask_keeper(10s);
  test.run();
  test.mesh().tell(keeper, [](samples::Empty::Builder) {});
  test.run();
  BOOST_REQUIRE(outcome.has_value());
  BOOST_TEST(outcome->has_value());
}

BOOST_AUTO_TEST_CASE(a_question_that_comes_back_to_who_waits_for_it_is_reported_at_once) {
  AgentRef first, second, third;
  first = test.mesh().spawn<Relay>([&] { return second; });
  second = test.mesh().spawn<Relay>([&] { return third; });
  third = test.mesh().spawn<Relay>([&] { return first; });
  const auto answer = ask_tick(first, 1);
  BOOST_REQUIRE(!answer.has_value());
  BOOST_TEST(answer.error().code == Errc::request_cycle);
  BOOST_TEST(answer.error().message.find("Relay " + std::to_string(first.id())) != std::string::npos,
             answer.error().message);
}

BOOST_AUTO_TEST_CASE(an_agent_that_asks_itself_while_it_is_asked_is_a_circle) {
  AgentRef self;
  self = test.mesh().spawn<Relay>([&] { return self; });
  const auto answer = ask_tick(self, 1);
  BOOST_TEST(answer.error().code == Errc::request_cycle);
}

BOOST_AUTO_TEST_CASE(a_circle_through_the_agent_that_asked_first_is_found) {
  AgentRef relay;
  AgentRef asker;
  std::optional<Errc> error;
  asker = test.mesh().spawn<Actor>([&](Actor& self) {
    if (relay) return;
    relay = test.mesh().spawn<Relay>([&] { return asker; });
    self.ask<samples::Tick>(
        relay, [](samples::Tick::Builder) {}, 1s, [&](auto answer) { error = answer.error().code; });
  });
  test.run();
  BOOST_REQUIRE(error.has_value());
  BOOST_TEST(*error == Errc::request_cycle);
}

BOOST_AUTO_TEST_CASE(a_reentrant_agent_may_be_asked_by_those_it_waits_for) {
  AgentRef relay, reentrant;
  reentrant = test.mesh().spawn<Reentrant>([&] { return relay; });
  relay = test.mesh().spawn<Relay>([&] { return reentrant; });
  const auto answer = ask_tick(reentrant, 1);
  BOOST_REQUIRE(answer.has_value());
  BOOST_TEST((*answer)->getValue() == 102U);
}

BOOST_AUTO_TEST_CASE(two_questions_to_one_agent_are_no_circle) {
  // A diamond: first asks left and right, which both ask the last.
  Keeper::Log unused;
  class Last : public myelin::Agent {
   public:
    static void handlers(myelin::Handlers<Last>& on) { on.message<&Last::tick>(); }

   private:
    void tick(samples::Tick::Reader tick, Reply<samples::Tick> reply) {
      reply.send([&](samples::Tick::Builder back) { back.setValue(tick.getValue()); });
    }
  };
  const AgentRef last = test.mesh().spawn<Last>();
  const AgentRef left = test.mesh().spawn<Relay>([&] { return last; });
  const AgentRef right = test.mesh().spawn<Relay>([&] { return left; });
  BOOST_TEST((*ask_tick(right, 5))->getValue() == 7U);
  BOOST_TEST((*ask_tick(right, 6))->getValue() == 8U);
}

BOOST_AUTO_TEST_CASE(a_chain_that_is_too_long_is_refused) {
  std::vector<AgentRef> chain;
  for (std::size_t index = 0; index < 2 * myelin::limits::kCallDepthMax; ++index) {
    chain.push_back(test.mesh().spawn<Relay>([&chain, index] { return chain[index + 1]; }));
  }
  chain.push_back(keeper);
  const auto answer = ask_tick(chain.front(), 1);
  BOOST_TEST(answer.error().code == Errc::request_cycle);
}

BOOST_AUTO_TEST_CASE(what_is_asked_for_a_question_has_its_deadline) {
  myelin::TimePoint seen{}, asked{};
  class Deadline : public myelin::Agent {
   public:
    explicit Deadline(myelin::TimePoint& seen) : seen_{seen} {}
    static void handlers(myelin::Handlers<Deadline>& on) { on.message<&Deadline::tick>(); }

   private:
    void tick(samples::Tick::Reader, Reply<samples::Tick> reply) {
      seen_ = reply.deadline();
      reply.send([](samples::Tick::Builder) {});
    }
    myelin::TimePoint& seen_;
  };
  const AgentRef last = test.mesh().spawn<Deadline>(seen);
  const AgentRef patient = test.mesh().spawn<Relay>([&] { return last; }, 10s);
  test.mesh().spawn<Actor>([&](Actor& self) {
    asked = self.now();
    self.ask<samples::Tick>(
        patient, [](samples::Tick::Builder) {}, 3s, [](auto) {});
  });
  test.run();
  BOOST_TEST((seen == asked + 3s));
  // A shorter one of its own is kept.
  const AgentRef impatient = test.mesh().spawn<Relay>([&] { return last; }, 1s);
  static_cast<void>(ask_tick(impatient, 1, 3s));
  BOOST_TEST((seen == asked + 1s));
}

BOOST_AUTO_TEST_SUITE_END()
