#include <boost/test/unit_test.hpp>

#include "agents.hpp"
#include "myelin/actors/deterministic_mesh.hpp"
#include "myelin/serialization/guard.hpp"
#include "myelin/serialization/wire.hpp"

using myelin::AgentRef;
using myelin::DeterministicMesh;
using myelin::Errc;
using myelin::Held;
using myelin::Reply;
using myelin::Result;
using test::Actor;
using namespace std::chrono_literals;

namespace {

/// Answers, or fails to, in each way there is.
class Server : public myelin::Agent {
 public:
  explicit Server(std::vector<Reply<samples::Note>>* kept = nullptr) : kept_{kept} {}
  static void handlers(myelin::Handlers<Server>& on) {
    on.message<&Server::answer>();
    on.message<&Server::behave>();
    on.message<&Server::no_answer>();
  }

 private:
  void answer(samples::Tick::Reader tick, Reply<samples::Tick> reply) {
    reply.send([&](samples::Tick::Builder answer) { answer.setValue(tick.getValue() + 1); });
  }
  void behave(samples::Note::Reader note, Reply<samples::Note> reply) {
    const std::string how = note.getText().cStr();
    if (how == "drop") return;
    if (how == "throw") throw std::runtime_error{"asked to"};
    if (how == "refuse") return reply.fail({Errc::invalid_argument, "I would rather not"});
    if (how == "stop") return stop();
    if (how == "keep") return kept_->push_back(std::move(reply));
    if (how == "wrong type") return reply.send(myelin::make_frame<samples::Tick>([](auto) {}));
    reply.send([](samples::Note::Builder answer) { answer.setText("well behaved"); });
  }
  void no_answer(samples::Empty::Reader) {}
  std::vector<Reply<samples::Note>>* kept_;
};

struct Fixture {
  DeterministicMesh test;
  std::vector<Reply<samples::Note>> kept;
  AgentRef server = test.mesh().spawn<Server>(&kept);
  std::optional<Result<Held<samples::Note>>> outcome;

  /// Asks the server to behave like this, and runs until all is quiet.
  void ask(const char* how, myelin::Duration timeout = 1s) {
    test.mesh().spawn<Actor>([&, how, timeout](Actor& self) {
      self.ask<samples::Note>(
          server, [&](samples::Note::Builder note) { note.setText(how); }, timeout,
          [&](Result<Held<samples::Note>> answer) { outcome.emplace(std::move(answer)); });
    });
    test.run();
  }
  Errc error() {
    BOOST_REQUIRE(outcome.has_value());
    BOOST_REQUIRE(!outcome->has_value());
    return outcome->error().code;
  }
};

}  // namespace

BOOST_TEST_DONT_PRINT_LOG_VALUE(myelin::Errc)

BOOST_FIXTURE_TEST_SUITE(ask_suite, Fixture)

BOOST_AUTO_TEST_CASE(an_answer_comes_back) {
  ask("well");
  BOOST_REQUIRE(outcome.has_value());
  BOOST_REQUIRE(outcome->has_value());
  BOOST_TEST((**outcome)->getText().cStr() == "well behaved");
}

BOOST_AUTO_TEST_CASE(a_question_carries_who_asked_and_until_when) {
  AgentRef asker;
  test::Recorder::Log log;
  const AgentRef recorder = test.mesh().spawn<test::Recorder>(log);
  myelin::TimePoint asked_at;
  asker = test.mesh().spawn<Actor>([&](Actor& self) {
    asked_at = self.now();
    self.ask<samples::Tick>(
        recorder, [](samples::Tick::Builder) {}, 3s, [](auto) {});
  });
  test.run();
  BOOST_REQUIRE(log.headers.size() == 1U);
  BOOST_TEST(log.headers[0].sender == asker.id());
  BOOST_TEST((log.headers[0].deadline == asked_at + 3s));
  BOOST_TEST(log.headers[0].correlation != 0U);
}

BOOST_AUTO_TEST_CASE(an_unhandled_type_has_its_own_error) {
  std::optional<Result<Held<samples::Note>>> answer;
  test.mesh().spawn<Actor>([&](Actor& self) {
    self.ask<samples::Note>(
        server, [](samples::Tree::Builder) {}, 1s, [&](auto result) { answer.emplace(std::move(result)); });
  });
  test.run();
  BOOST_REQUIRE(answer.has_value());
  BOOST_TEST(answer->error().code == Errc::unhandled_type);
  BOOST_TEST(answer->error().message.find("Server") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_handler_without_answers_has_its_own_error) {
  std::optional<Result<Held<samples::Note>>> answer;
  test.mesh().spawn<Actor>([&](Actor& self) {
    self.ask<samples::Note>(
        server, [](samples::Empty::Builder) {}, 1s, [&](auto result) { answer.emplace(std::move(result)); });
  });
  test.run();
  BOOST_REQUIRE(answer.has_value());
  BOOST_TEST(answer->error().code == Errc::no_reply);
}

BOOST_AUTO_TEST_CASE(a_dropped_reply_has_its_own_error) {
  ask("drop");
  BOOST_TEST(error() == Errc::no_reply);
}

BOOST_AUTO_TEST_CASE(a_failing_handler_has_its_own_error) {
  ask("throw");
  BOOST_TEST(error() == Errc::handler_failed);
}

BOOST_AUTO_TEST_CASE(a_refusal_is_passed_on_as_it_is) {
  ask("refuse");
  BOOST_TEST(error() == Errc::invalid_argument);
  BOOST_TEST(outcome->error().message == "I would rather not");
}

BOOST_AUTO_TEST_CASE(an_agent_that_stops_before_it_answers_is_dead) {
  ask("stop");
  BOOST_TEST(error() == Errc::no_reply);  // its handler dropped the reply before the stop
  outcome.reset();
  ask("well");
  BOOST_TEST(error() == Errc::receiver_dead);
}

BOOST_AUTO_TEST_CASE(an_agent_that_stops_with_replies_in_hand_is_dead) {
  class Keeper : public myelin::Agent {
   public:
    static void handlers(myelin::Handlers<Keeper>& on) {
      on.message<&Keeper::keep>();
      on.message<&Keeper::end>();
    }

   private:
    void keep(samples::Note::Reader, Reply<samples::Note> reply) { reply_ = std::move(reply); }
    void end(samples::Empty::Reader) { stop(); }
    Reply<samples::Note> reply_;
  };
  server = test.mesh().spawn<Keeper>();
  ask("anything");
  BOOST_TEST(!outcome.has_value());
  test.mesh().tell<samples::Empty>(server, [](auto) {});
  test.run();
  BOOST_TEST(error() == Errc::receiver_dead);
}

BOOST_AUTO_TEST_CASE(no_agent_at_all_is_dead) {
  server = {};
  ask("well");
  BOOST_TEST(error() == Errc::receiver_dead);
}

BOOST_AUTO_TEST_CASE(an_answer_of_another_type_has_its_own_error) {
  ask("wrong type");
  BOOST_TEST(error() == Errc::wrong_answer_type);
}

BOOST_AUTO_TEST_CASE(no_answer_in_time_is_a_timeout_and_a_late_one_is_a_dead_letter) {
  ask("keep", 100ms);
  BOOST_TEST(!outcome.has_value());
  test.advance(99ms);
  test.run();
  BOOST_TEST(!outcome.has_value());
  test.advance(1ms);
  test.run();
  BOOST_TEST(error() == Errc::timeout);
  BOOST_REQUIRE(kept.size() == 1U);
  outcome.reset();
  kept[0].send([](samples::Note::Builder note) { note.setText("sorry"); });
  test.run();
  BOOST_TEST(!outcome.has_value());
  BOOST_TEST(test.mesh().dead_letters().count(Errc::late_answer) == 1U);
}

BOOST_AUTO_TEST_CASE(the_longest_deadline_there_is_does_not_overflow) {
  ask("well", myelin::Duration::max());
  BOOST_REQUIRE(outcome.has_value());
  BOOST_TEST(outcome->has_value());
}

BOOST_AUTO_TEST_CASE(an_answer_comes_after_what_was_told_before_it) {
  class Talker : public myelin::Agent {
   public:
    explicit Talker(AgentRef& listener) : listener_{listener} {}
    static void handlers(myelin::Handlers<Talker>& on) { on.message<&Talker::note>(); }

   private:
    void note(samples::Note::Reader, Reply<samples::Note> reply) {
      tell(listener_, [](samples::Tick::Builder tick) { tick.setValue(1); });
      reply.send([](samples::Note::Builder) {});
    }
    AgentRef& listener_;
  };
  class Listener : public myelin::Agent {
   public:
    Listener(AgentRef talker, std::vector<std::string>& heard) : talker_{std::move(talker)}, heard_{heard} {}
    static void handlers(myelin::Handlers<Listener>& on) { on.message<&Listener::tick>(); }
    void on_start() override {
      ask<samples::Note>(
          talker_, [](samples::Note::Builder) {}, 1s, [this](auto) { heard_.emplace_back("answer"); });
    }

   private:
    void tick(samples::Tick::Reader) { heard_.emplace_back("tell"); }
    AgentRef talker_;
    std::vector<std::string>& heard_;
  };
  AgentRef listener;
  std::vector<std::string> heard;
  listener = test.mesh().spawn<Listener>(test.mesh().spawn<Talker>(listener), heard);
  test.run();
  BOOST_TEST(heard == (std::vector<std::string>{"tell", "answer"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_ready_frame_may_be_asked_with_however_it_is_held) {
  int answers = 0;
  test.mesh().spawn<Actor>([&](Actor& self) {
    const auto count = [&](Result<Held<samples::Tick>> answer) { answers += answer.has_value(); };
    const auto make = [] { return myelin::make_frame<samples::Tick>([](auto) {}); };
    myelin::Frame variable = make();
    const myelin::Frame constant = make();
    self.ask<samples::Tick>(server, variable, 1s, count);
    self.ask<samples::Tick>(server, constant, 1s, count);
    self.ask<samples::Tick>(server, make(), 1s, count);
    self.ask<samples::Tick>(
        server, [](samples::Tick::Builder) noexcept {}, 1s, count);
  });
  test.run();
  BOOST_TEST(answers == 4);
}

BOOST_AUTO_TEST_CASE(a_question_whose_filling_in_throws_was_never_put) {
  bool called = false, threw = false;
  test.mesh().spawn<Actor>([&](Actor& self) {
    try {
      self.ask<samples::Tick>(
          server, [](samples::Tick::Builder) { throw std::runtime_error{"no"}; }, 1s, [&](auto) { called = true; });
    } catch (const std::runtime_error&) {
      threw = true;
    }
  });
  test.run();
  test.advance(2s);
  test.run();
  BOOST_TEST(threw);
  BOOST_TEST(!called);
}

BOOST_AUTO_TEST_CASE(an_answer_may_come_in_a_later_turn) {
  ask("keep");
  BOOST_TEST(!outcome.has_value());
  kept[0].send([](samples::Note::Builder note) { note.setText("at last"); });
  test.run();
  BOOST_REQUIRE(outcome.has_value());
  BOOST_TEST((**outcome)->getText().cStr() == "at last");
}

BOOST_AUTO_TEST_CASE(a_thousand_questions_at_once_get_each_its_own_answer) {
  int right = 0;
  test.mesh().spawn<Actor>([&](Actor& self) {
    for (std::uint64_t value = 0; value < 1000; ++value) {
      self.ask<samples::Tick>(
          server, [&](samples::Tick::Builder tick) { tick.setValue(value * 7); }, 1s,
          [&, value](Result<Held<samples::Tick>> answer) {
            right += answer.has_value() && (*answer)->getValue() == value * 7 + 1;
          });
    }
  });
  test.run();
  BOOST_TEST(right == 1000);
}

BOOST_AUTO_TEST_CASE(a_trace_goes_along_with_the_questions_it_causes) {
  class Relay : public myelin::Agent {
   public:
    explicit Relay(AgentRef next) : next_{std::move(next)} {}
    static void handlers(myelin::Handlers<Relay>& on) { on.message<&Relay::note>(); }

   private:
    void note(samples::Note::Reader) {
      ask<samples::Tick>(
          next_, [](samples::Tick::Builder) {}, 1s, [](auto) {});
    }
    AgentRef next_;
  };
  test::Recorder::Log log;
  const AgentRef relay = test.mesh().spawn<Relay>(test.mesh().spawn<test::Recorder>(log));
  const myelin::TraceContext trace{.trace_id = {std::byte{1}, std::byte{2}}, .span_id = 3};
  test.mesh().send(relay, myelin::make_frame<samples::Note>([](auto) {}, {.trace = trace}));
  test.run();
  BOOST_REQUIRE(log.headers.size() == 1U);
  BOOST_TEST((log.headers[0].trace.trace_id == trace.trace_id));
  BOOST_TEST(log.headers[0].trace.span_id != trace.span_id);  // the span of the handler that asked
}

BOOST_AUTO_TEST_CASE(a_bad_frame_from_outside_is_an_error_and_harms_nobody) {
  // A Note in form, a Tick by its type: well-formed, but not what the handler's schema says.
  const auto note = myelin::make_frame<samples::Note>([](auto n) {
    n.setText("x");
    n.setPayload(kj::arrayPtr(reinterpret_cast<const kj::byte*>("y"), 1));
  });
  auto bytes = myelin::encode(note, myelin::Clock::now());
  // Swap the text's pointer for one to a list of words.
  bytes[myelin::kWireHeaderBytes + 8 + 8 + 8 + 4] = std::byte{0x05};
  const auto foreign = myelin::open_foreign(bytes, myelin::Clock::now());
  BOOST_REQUIRE(foreign.has_value());
  std::optional<Result<Held<samples::Note>>> answer;
  test.mesh().spawn<Actor>([&](Actor& self) {
    self.ask<samples::Note>(server, *foreign, 1s, [&](auto result) { answer.emplace(std::move(result)); });
  });
  test.mesh().send(server, *foreign);
  test.run();
  BOOST_REQUIRE(answer.has_value());
  BOOST_REQUIRE(!answer->has_value());
  BOOST_TEST(answer->error().code == Errc::bad_frame);
  BOOST_TEST(test.mesh().dead_letters().count(Errc::bad_frame) == 1U);
  BOOST_TEST(test.mesh().agents_running() >= 1U);
  ask("well");
  BOOST_TEST(outcome->has_value());
}

BOOST_AUTO_TEST_SUITE_END()
