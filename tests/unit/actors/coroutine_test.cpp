#include <algorithm>

#include <boost/test/unit_test.hpp>

#include "agent/cell.hpp"
#include "myelin/actors/supervisor.hpp"
#include "tasks_agents.hpp"

using myelin::AgentRef;
using myelin::Batch;
using myelin::Errc;
using myelin::Held;
using myelin::Reply;
using myelin::Task;
using test::Destroyed;
using test::note_of;
using test::Runner;
using test::Successor;
using test::tick_of;
using namespace std::chrono_literals;

namespace {

/// Handlers that are coroutines, of each kind.
class Server : public myelin::Agent {
 public:
  struct Log {
    std::vector<std::string> texts;
    std::vector<myelin::CorrelationId> questions;
    int destroyed = 0;
  };
  explicit Server(Log& log, AgentRef other = {}) : log_{log}, other_{std::move(other)} {}
  static void handlers(myelin::Handlers<Server>& on) {
    on.message<&Server::plus_two>();
    on.message<&Server::behave>();
    on.message<&Server::tree>();
    on.message<&Server::readings>();
    on.message<&Server::nothing>();
  }

 private:
  Task<samples::Tick> plus_two(Held<samples::Tick> tick) {
    const auto first = co_await ask<samples::Tick>(other_, tick_of(tick->getValue()), 1s);
    if (!first) co_return myelin::fail(first.error().code, first.error().message);
    co_return co_await ask<samples::Tick>(other_, tick_of((*first)->getValue()), 1s);
  }
  Task<samples::Note> behave(Held<samples::Note> note) {
    const Destroyed counted{log_.destroyed};
    const std::string how = note->getText().cStr();
    log_.questions.push_back(note.frame().correlation());
    if (how == "throw at once") throw std::runtime_error{"at once"};
    if (how == "answer at once") co_return note_of("answered");
    co_await sleep(1s);
    if (how == "throw later") throw std::runtime_error{"later"};
    if (how == "refuse") co_return myelin::fail(Errc::invalid_argument, "I would rather not");
    if (how == "frame") co_return myelin::make_frame<samples::Note>(note_of("a frame"));
    if (how == "wrong type") co_return myelin::make_frame<samples::Tick>(tick_of(1));
    if (how == "throw in fill") co_return [](samples::Note::Builder) { throw std::runtime_error{"in fill"}; };
    if (how == "stop") {
      stop();
      co_return note_of("answered and stopped");
    }
    if (how == "stop and wait") {
      stop();
      log_.texts.emplace_back("after stop()");
      co_await sleep(1s);
      log_.texts.emplace_back("never");
    }
    log_.texts.emplace_back(note->getText().cStr());
    co_return note;
  }
  Task<> tree(Held<samples::Tree> tree, Reply<samples::Note> reply) {
    const Destroyed counted{log_.destroyed};
    const std::string how = tree->getLabel().cStr();
    co_await sleep(1s);
    if (how == "answer") reply.send(note_of("by Reply"));
    if (how == "throw") throw std::runtime_error{"with a Reply"};
  }
  Task<> readings(Batch<samples::Reading> readings) {
    co_await sleep(1s);
    for (const samples::Reading::Reader reading : readings) log_.texts.push_back(std::to_string(reading.getSensor()));
  }
  Task<> nothing(Held<samples::Empty>) { co_return; }

  Log& log_;
  AgentRef other_;
};

struct Fixture : test::MeshFixture {
  Server::Log log;
  AgentRef successor = test.mesh().spawn<Successor>();
  AgentRef server = test.mesh().spawn<Server>(log, successor);

  auto ask_to(const char* how) { return ask<samples::Note>(server, note_of(how)); }
  auto ask_tree(const char* how) {
    return ask<samples::Note>(server, [how](samples::Tree::Builder tree) { tree.setLabel(how); });
  }
  std::size_t tasks_of(const AgentRef& agent) { return agent.cell()->tasks_running(); }
};

template <class Outcome>
Errc error_of(const Outcome& outcome) {
  BOOST_REQUIRE(outcome->has_value());
  BOOST_REQUIRE(!(*outcome)->has_value());
  return (*outcome)->error().code;
}
template <class Outcome>
std::string text_of(const Outcome& outcome) {
  BOOST_REQUIRE(outcome->has_value());
  BOOST_REQUIRE_MESSAGE((*outcome)->has_value(), (*outcome)->error().message);
  return (***outcome)->getText().cStr();
}

Task<std::uint64_t> count_down(std::uint64_t from) {
  if (from == 0) co_return 0;
  co_return 1 + co_await count_down(from - 1);
}
Task<int> one() { co_return 1; }

Task<> wait_in_the_deep(Runner& self, int depth, int& destroyed) {
  const Destroyed counted{destroyed};
  if (depth == 0) {
    co_await self.sleep(1h);
  } else {
    co_await wait_in_the_deep(self, depth - 1, destroyed);
  }
}
Task<> wait_counted(Runner& self, myelin::Duration duration, int& destroyed) {
  const Destroyed counted{destroyed};
  co_await self.sleep(duration);
}

}  // namespace

BOOST_TEST_DONT_PRINT_LOG_VALUE(myelin::Errc)

BOOST_FIXTURE_TEST_SUITE(coroutines, Fixture)

BOOST_AUTO_TEST_CASE(a_handler_asks_in_the_middle_and_then_answers) {
  const auto outcome = ask<samples::Tick>(server, tick_of(7));
  BOOST_REQUIRE(outcome->has_value());
  BOOST_REQUIRE((*outcome)->has_value());
  BOOST_TEST((***outcome)->getValue() == 9U);
  BOOST_TEST(tasks_of(server) == 0U);
}

BOOST_AUTO_TEST_CASE(a_handler_that_does_not_wait_answers_at_once) {
  BOOST_TEST(text_of(ask_to("answer at once")) == "answered");
  BOOST_TEST(log.destroyed == 1);
  BOOST_TEST(tasks_of(server) == 0U);
}

BOOST_AUTO_TEST_CASE(an_answer_may_be_a_frame) {
  const auto outcome = ask_to("frame");
  BOOST_TEST(!outcome->has_value());
  BOOST_TEST(tasks_of(server) == 1U);
  pass(1s);
  BOOST_TEST(text_of(outcome) == "a frame");
}

BOOST_AUTO_TEST_CASE(an_answer_may_be_the_question) {
  const auto outcome = ask_to("echo");
  pass(1s);
  BOOST_TEST(text_of(outcome) == "echo");
}

BOOST_AUTO_TEST_CASE(a_frame_of_another_type_is_a_wrong_answer) {
  const auto outcome = ask_to("wrong type");
  pass(1s);
  BOOST_TEST(error_of(outcome) == Errc::wrong_answer_type);
}

BOOST_AUTO_TEST_CASE(a_refusal_is_passed_on_as_it_is) {
  const auto outcome = ask_to("refuse");
  pass(1s);
  BOOST_TEST(error_of(outcome) == Errc::invalid_argument);
  BOOST_TEST((*outcome)->error().message == "I would rather not");
}

BOOST_AUTO_TEST_CASE(a_coroutine_may_answer_by_its_reply) {
  const auto outcome = ask_tree("answer");
  pass(1s);
  BOOST_TEST(text_of(outcome) == "by Reply");
}

BOOST_AUTO_TEST_CASE(a_reply_forgotten_by_a_coroutine_has_its_own_error) {
  const auto outcome = ask_tree("forget");
  pass(1s);
  BOOST_TEST(error_of(outcome) == Errc::no_reply);
}

BOOST_AUTO_TEST_CASE(a_coroutine_without_answers_has_its_own_error) {
  const auto outcome = ask<samples::Note>(server, [](samples::Empty::Builder) {});
  BOOST_TEST(error_of(outcome) == Errc::no_reply);
}

BOOST_AUTO_TEST_CASE(a_told_coroutine_answers_nobody) {
  test.mesh().tell(server, note_of("echo"));
  test.run();
  pass(1s);
  BOOST_TEST(log.texts.size() == 1U);
  BOOST_TEST(test.mesh().dead_letters().recent().empty());
}

BOOST_AUTO_TEST_CASE(a_held_message_keeps_its_bytes_while_its_handler_waits) {
  // The messages of one batch and one alone, whose blocks would be used again at once if they were free.
  test.mesh().spawn<test::Actor>([&](test::Actor& self) {
    for (const char* text : {"one", "two", "three"}) self.tell(server, note_of(text));
  });
  test.mesh().tell(server, note_of("alone, and somewhat longer than the others"));
  test.run();
  BOOST_TEST(log.texts.empty());
  for (int i = 0; i < 100; ++i)
    test.mesh().tell(successor, note_of("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"));
  pass(1s);
  std::ranges::sort(log.texts);
  BOOST_TEST(log.texts ==
             (std::vector<std::string>{"alone, and somewhat longer than the others", "one", "three", "two"}));
}

BOOST_AUTO_TEST_CASE(one_message_of_a_batch_is_passed_on_alone) {
  myelin::BatchBuilder<samples::Note> batch;
  for (const char* text : {"one", "two"}) batch.add().setText(text);
  const Held<samples::Note> second{batch.finish(), 1};
  const myelin::Frame alone = myelin::detail::frame_of(second);
  BOOST_TEST(!alone.is_batch());
  BOOST_TEST(Held<samples::Note> { alone } -> getText().cStr() == "two");
}

BOOST_AUTO_TEST_CASE(a_held_batch_keeps_its_bytes_while_its_handler_waits) {
  test.mesh().spawn<test::Actor>([&](test::Actor& self) {
    for (int i = 0; i < 3; ++i) {
      self.tell(server, [i](samples::Reading::Builder reading) { reading.setSensor(static_cast<std::uint16_t>(i)); });
    }
  });
  test.run();
  BOOST_TEST(tasks_of(server) == 1U);
  pass(1s);
  BOOST_TEST(log.texts == (std::vector<std::string>{"0", "1", "2"}));
}

BOOST_AUTO_TEST_CASE(an_agent_that_stops_destroys_its_coroutines_and_their_askers_know) {
  const auto by_return = ask_to("echo");
  const auto by_reply = ask_tree("answer");
  BOOST_TEST(tasks_of(server) == 2U);
  test.mesh().stop_agent(server);
  test.run();
  BOOST_TEST(log.destroyed == 2);
  BOOST_TEST(error_of(by_return) == Errc::receiver_dead);
  BOOST_TEST(error_of(by_reply) == Errc::receiver_dead);
  pass(1s);
  BOOST_TEST(log.texts.empty());
}

BOOST_AUTO_TEST_CASE(stop_lets_the_coroutine_go_on_until_it_ends) {
  const auto outcome = ask_to("stop");
  pass(1s);
  BOOST_TEST(text_of(outcome) == "answered and stopped");
  BOOST_TEST(log.destroyed == 1);
}

BOOST_AUTO_TEST_CASE(stop_lets_the_coroutine_go_on_until_it_waits) {
  const auto outcome = ask_to("stop and wait");
  pass(1s);
  BOOST_TEST(log.texts == std::vector<std::string>{"after stop()"});
  BOOST_TEST(log.destroyed == 1);
  BOOST_TEST(error_of(outcome) == Errc::receiver_dead);
}

BOOST_AUTO_TEST_CASE(an_exception_fails_the_agent_before_it_waits) {
  const auto bystander = ask_to("echo");
  const auto outcome = ask_to("throw at once");
  BOOST_TEST(error_of(outcome) == Errc::handler_failed);
  BOOST_TEST(error_of(bystander) == Errc::receiver_dead);
  BOOST_TEST(log.destroyed == 2);
}

BOOST_AUTO_TEST_CASE(an_exception_fails_the_agent_after_it_waited) {
  std::vector<test::Actor::Down> downs;
  struct Watcher : myelin::Agent {
    Watcher(AgentRef other, std::vector<Down>& seen) : other_{std::move(other)}, seen_{seen} {}
    static void handlers(myelin::Handlers<Watcher>&) {}
    void on_start() override { watch(other_); }
    void on_down(const Down& down) override { seen_.push_back(down); }
    AgentRef other_;
    std::vector<Down>& seen_;
  };
  test.mesh().spawn<Watcher>(server, downs);
  const auto outcome = ask_to("throw later");
  BOOST_TEST(!outcome->has_value());
  pass(1s);
  BOOST_TEST(error_of(outcome) == Errc::handler_failed);
  BOOST_TEST(log.destroyed == 1);
  BOOST_REQUIRE(downs.size() == 1U);
  BOOST_TEST(downs[0].failed);
  BOOST_TEST(downs[0].reason.find("later") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_exception_with_a_reply_in_hand_fails_the_question) {
  const auto outcome = ask_tree("throw");
  pass(1s);
  BOOST_TEST(error_of(outcome) == Errc::handler_failed);
}

BOOST_AUTO_TEST_CASE(an_exception_while_filling_in_the_answer_fails_the_question) {
  const auto outcome = ask_to("throw in fill");
  pass(1s);
  BOOST_TEST(error_of(outcome) == Errc::handler_failed);
}

BOOST_AUTO_TEST_CASE(the_task_of_one_question_can_be_destroyed) {
  AgentRef asker;
  for (const char* how : {"first", "second"}) {
    asker = test.mesh().spawn<test::Actor>(
        [this, how](test::Actor& self) { self.ask<samples::Note>(server, note_of(how), 10s, [](auto) {}); });
    test.run();
  }
  BOOST_REQUIRE(log.questions.size() == 2U);
  BOOST_TEST(tasks_of(server) == 2U);
  BOOST_TEST(!server.cell()->tasks().destroy({asker.cell(), log.questions[1] + 1}));
  BOOST_TEST(!server.cell()->tasks().destroy({}));
  BOOST_TEST(server.cell()->tasks().destroy({asker.cell(), log.questions[1]}));
  BOOST_TEST(tasks_of(server) == 1U);
  BOOST_TEST(log.destroyed == 1);
  pass(1s);
  BOOST_TEST(log.texts == std::vector<std::string>{"first"});
}

BOOST_AUTO_TEST_CASE(a_restarted_agent_has_new_coroutines_and_none_of_the_old) {
  const AgentRef tree =
      test.mesh().spawn<myelin::Supervisor>(myelin::SupervisorSpec{}.child<Server>("server", std::ref(log), successor));
  const AgentRef child = test.mesh().child(tree, "server");
  const auto before = ask<samples::Note>(child, note_of("echo"));
  const auto failing = ask<samples::Note>(child, note_of("throw at once"));
  BOOST_TEST(error_of(failing) == Errc::handler_failed);
  BOOST_TEST(!(*before)->has_value());
  BOOST_TEST(log.destroyed == 2);
  BOOST_TEST(tasks_of(child) == 0U);
  const auto after = ask<samples::Note>(child, note_of("echo"));
  BOOST_TEST(tasks_of(child) == 1U);
  pass(1s);
  BOOST_TEST(text_of(after) == "echo");
}

BOOST_AUTO_TEST_CASE(a_coroutine_waits_for_another) {
  struct Calls {
    static Task<samples::Note> message(Runner& self, bool good) {
      co_await self.sleep(1s);
      if (!good) co_return myelin::fail(Errc::not_found, "no such note");
      co_return note_of("by a coroutine");
    }
    static Task<std::string> value(Runner& self) {
      const auto note = co_await message(self, true);
      co_return note ? (*note)->getText().cStr() : "an error";
    }
    static Task<> thrower(Runner& self) {
      co_await self.sleep(1s);
      throw std::runtime_error{"caught"};
    }
  };
  std::vector<std::string> seen;
  test.mesh().spawn<Runner>([&](Runner& self) -> Task<> {
    seen.push_back(co_await Calls::value(self));
    const auto bad = co_await Calls::message(self, false);
    seen.push_back(bad.error().message);
    try {
      co_await Calls::thrower(self);
    } catch (const std::exception& exception) {
      seen.emplace_back(exception.what());
    }
  });
  test.run();
  for (int i = 0; i < 3; ++i) pass(1s);
  BOOST_TEST(seen == (std::vector<std::string>{"by a coroutine", "no such note", "caught"}));
}

BOOST_AUTO_TEST_CASE(a_task_can_be_awaited_once) {
  bool threw = false;
  test.mesh().spawn<Runner>([&](Runner&) -> Task<> {
    auto task = one();
    static_cast<void>(co_await task);
    try {
      static_cast<void>(co_await task);
    } catch (const std::logic_error&) {
      threw = true;
    }
  });
  test.run();
  BOOST_TEST(threw);
}

BOOST_AUTO_TEST_CASE(a_task_never_begun_is_destroyed) {
  int destroyed = 0;
  {
    auto task = [](Destroyed counted) -> Task<> {
      static_cast<void>(counted);
      co_return;
    }(Destroyed{destroyed});
    BOOST_TEST(destroyed == 0);
  }
  BOOST_TEST(destroyed == 1);
}

BOOST_AUTO_TEST_CASE(what_a_coroutine_starts_begins_at_once_and_goes_on_by_itself) {
  std::vector<int> order;
  const AgentRef runner = test.mesh().spawn<Runner>([&](Runner& self) -> Task<> {
    const auto other = [](Runner& agent, std::vector<int>& into) -> Task<> {
      into.push_back(static_cast<int>(co_await one()));
      co_await agent.sleep(2s);
      into.push_back(4);
    };
    self.start(other(self, order));
    order.push_back(2);
    co_await self.sleep(1s);
    order.push_back(3);
  });
  test.run();
  BOOST_TEST(tasks_of(runner) == 2U);
  pass(1s);
  pass(1s);
  BOOST_TEST(order == (std::vector<int>{1, 2, 3, 4}));
  BOOST_TEST(tasks_of(runner) == 0U);
}

BOOST_AUTO_TEST_CASE(an_exception_of_what_is_started_passes_to_the_caller_until_it_waits) {
  bool caught = false;
  const AgentRef runner = test.mesh().spawn<Runner>([&](Runner& self) -> Task<> {
    const auto thrower = [](Runner& agent, bool wait) -> Task<> {
      if (wait) co_await agent.sleep(1s);
      throw std::runtime_error{"started"};
    };
    try {
      self.start(thrower(self, false));
    } catch (const std::runtime_error&) {
      caught = true;
    }
    self.start(thrower(self, true));
    co_await self.sleep(1h);
  });
  test.run();
  BOOST_TEST(caught);
  BOOST_TEST(tasks_of(runner) == 2U);
  const std::size_t before = test.mesh().agents_running();
  pass(1s);
  BOOST_TEST(test.mesh().agents_running() == before - 1);
}

BOOST_AUTO_TEST_CASE(what_a_handler_starts_outlives_the_deadline_of_its_question) {
  std::vector<std::string> seen;
  const AgentRef agent =
      test.mesh().spawn_handlers([&seen, this](myelin::Self& self, Held<samples::Empty>) -> Task<samples::Note> {
        const auto late_ask = [](myelin::Self& asker, AgentRef to, std::vector<std::string>& into,
                                 const char* who) -> Task<> {
          co_await asker.sleep(2s);
          const auto answer = co_await asker.ask<samples::Tick>(to, tick_of(1), 1s);
          into.push_back(std::string{who} + (answer ? " answered" : " refused"));
        };
        self.start(late_ask(self, successor, seen, "started"));
        co_await late_ask(self, successor, seen, "awaited");
        co_return note_of("after the deadline");
      });
  test.mesh().spawn<test::Actor>([&](test::Actor& self) {
    self.ask<samples::Note>(
        agent, [](samples::Empty::Builder) {}, 1s, [](auto) {});
  });
  test.run();
  pass(2s);
  BOOST_TEST(seen == std::vector<std::string>{"started answered"});
}

BOOST_AUTO_TEST_CASE(a_question_given_up_destroys_the_coroutine_that_works_for_it) {
  test.mesh().spawn<test::Actor>(
      [this](test::Actor& self) { self.ask<samples::Note>(server, note_of("echo"), 500ms, [](auto) {}); });
  test.run();
  BOOST_TEST(tasks_of(server) == 1U);
  pass(500ms);
  BOOST_TEST(tasks_of(server) == 0U);
  BOOST_TEST(log.destroyed == 1);
  BOOST_TEST(test.mesh().dead_letters().recent().empty());
}

BOOST_AUTO_TEST_CASE(who_is_destroyed_gives_up_what_it_asked) {
  // A chain: the actor asks `middle`, which asks the server. The end of the first question ends the second.
  const AgentRef middle =
      test.mesh().spawn_handlers([this](myelin::Self& self, Held<samples::Empty>) -> Task<samples::Note> {
        co_return co_await self.ask<samples::Note>(server, note_of("echo"), 1h);
      });
  const AgentRef asker = test.mesh().spawn<test::Actor>([middle](test::Actor& self) {
    self.ask<samples::Note>(
        middle, [](samples::Empty::Builder) {}, 1h, [](auto) {});
  });
  test.run();
  BOOST_TEST(tasks_of(server) == 1U);
  test.mesh().stop_agent(asker);
  test.run();
  BOOST_TEST(tasks_of(middle) == 0U);
  BOOST_TEST(tasks_of(server) == 0U);
}

BOOST_AUTO_TEST_CASE(those_that_sleep_wake_in_the_order_of_their_moments) {
  std::vector<int> order;
  test.mesh().spawn<Runner>([&](Runner& self) -> Task<> {
    const auto sleeper = [](Runner& agent, std::vector<int>& into, int seconds) -> Task<> {
      co_await agent.sleep(std::chrono::seconds{seconds});
      into.push_back(seconds);
    };
    for (const int seconds : {3, 1, 2}) self.start(sleeper(self, order, seconds));
    co_return;
  });
  test.run();
  pass(10s);
  BOOST_TEST(order == (std::vector<int>{1, 2, 3}));
}

BOOST_AUTO_TEST_CASE(an_ask_or_a_sleep_begins_before_it_is_awaited) {
  std::vector<std::uint64_t> seen;
  test.mesh().spawn<Runner>([&](Runner& self) -> Task<> {
    auto moment = self.sleep(1s);
    std::vector<myelin::PendingAnswer<samples::Tick>> questions;
    for (std::uint64_t i = 0; i < 20; ++i) questions.push_back(self.ask<samples::Tick>(successor, tick_of(i), 1s));
    co_await self.sleep(500ms);
    for (auto& question : questions) {
      BOOST_TEST(question.ready());
      seen.push_back((*co_await question)->getValue());
    }
    co_await moment;
    seen.push_back(100);
  });
  test.run();
  pass(500ms);
  BOOST_TEST(seen.size() == 20U);
  pass(500ms);
  BOOST_REQUIRE(seen.size() == 21U);
  BOOST_TEST(seen[0] == 1U);
  BOOST_TEST(seen[19] == 20U);
}

BOOST_AUTO_TEST_CASE(a_question_dropped_is_given_up) {
  std::vector<Reply<samples::Note>> kept;
  const AgentRef keeper = test.mesh().spawn<Successor>(&kept);
  test.mesh().spawn<Runner>([&](Runner& self) -> Task<> {
    {
      const auto question = self.ask<samples::Note>(keeper, note_of("never mind"), 10s);
      co_await self.sleep(1s);
    }
    co_await self.sleep(1h);
  });
  test.run();
  pass(1s);
  BOOST_REQUIRE(kept.size() == 1U);
  kept[0].send(note_of("too late"));
  test.run();
  BOOST_TEST(test.mesh().dead_letters().count(Errc::late_answer) == 1U);
}

BOOST_AUTO_TEST_CASE(a_question_times_out) {
  std::vector<Reply<samples::Note>> kept;
  const AgentRef keeper = test.mesh().spawn<Successor>(&kept);
  std::optional<Errc> error;
  test.mesh().spawn<Runner>([&](Runner& self) -> Task<> {
    const auto frame = myelin::make_frame<samples::Note>(note_of("in a frame"));
    const auto answer = co_await self.ask<samples::Note>(keeper, frame, 1s);
    error = answer.error().code;
  });
  test.run();
  BOOST_TEST(kept.size() == 1U);
  BOOST_TEST(!error.has_value());
  pass(1s);
  BOOST_TEST((error == Errc::timeout));
}

BOOST_AUTO_TEST_CASE(work_on_another_thread_returns_or_throws) {
  std::vector<std::string> seen;
  test.mesh().spawn<Runner>([&](Runner& self) -> Task<> {
    seen.push_back(co_await self.offload([] { return std::string{"worked"}; }));
    co_await self.offload([] {});
    try {
      co_await self.offload([] { throw std::runtime_error{"did not work"}; });
    } catch (const std::exception& exception) {
      seen.emplace_back(exception.what());
    }
  });
  test.run();
  BOOST_TEST(seen == (std::vector<std::string>{"worked", "did not work"}));
}

BOOST_AUTO_TEST_CASE(immediate_awaits_do_not_grow_the_stack) {
  int sum = 0;
  test.mesh().spawn<Runner>([&](Runner&) -> Task<> {
    for (int i = 0; i < 100'000; ++i) sum += co_await one();
  });
  test.run();
  BOOST_TEST(sum == 100'000);
}

BOOST_AUTO_TEST_CASE(deep_calls_do_not_grow_the_stack) {
  std::uint64_t depth = 0;
  test.mesh().spawn<Runner>([&](Runner&) -> Task<> { depth = co_await count_down(100'000); });
  test.run();
  BOOST_TEST(depth == 100'000U);
}

BOOST_AUTO_TEST_CASE(deep_calls_that_wait_are_destroyed_without_growing_the_stack) {
  int destroyed = 0;
  const AgentRef runner =
      test.mesh().spawn<Runner>([&](Runner& self) { return wait_in_the_deep(self, 100'000, destroyed); });
  test.run();
  BOOST_TEST(destroyed == 0);
  test.mesh().stop_agent(runner);
  test.run();
  BOOST_TEST(destroyed == 100'001);
}

BOOST_AUTO_TEST_CASE(all_that_wait_are_destroyed_when_the_mesh_stops) {
  int destroyed = 0;
  const AgentRef runner = test.mesh().spawn<Runner>([&](Runner& self) -> Task<> {
    for (int i = 1; i < 10'000; ++i) self.start(wait_counted(self, 1h, destroyed));
    co_await wait_counted(self, 1h, destroyed);
  });
  test.run();
  BOOST_TEST(tasks_of(runner) == 10'000U);
  BOOST_TEST(test.mesh().stop() == 0U);
  BOOST_TEST(destroyed == 10'000);
}

BOOST_AUTO_TEST_SUITE_END()
