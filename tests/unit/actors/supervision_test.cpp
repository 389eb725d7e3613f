#include <boost/test/unit_test.hpp>

#include "agents.hpp"
#include "myelin/actors/deterministic_mesh.hpp"
#include "myelin/actors/failures.hpp"
#include "myelin/actors/restart.hpp"
#include "myelin/actors/supervisor.hpp"

using myelin::AgentRef;
using myelin::Backoff;
using myelin::DeadLetter;
using myelin::DeterministicMesh;
using myelin::Errc;
using myelin::Held;
using myelin::Lane;
using myelin::Reply;
using myelin::RestartWhen;
using myelin::Result;
using myelin::Supervisor;
using myelin::SupervisorSpec;
using test::Actor;
using namespace std::chrono_literals;

namespace {

using Log = std::vector<std::string>;

/// Fails at a Tick of 13, stops at one of 99, sums up the others, and writes down what happens to it.
class Worker : public myelin::Agent {
 public:
  Worker(std::string name, Log& log) : name_{std::move(name)}, log_{log} {}
  static void handlers(myelin::Handlers<Worker>& on) {
    on.message<&Worker::tick>();
    on.message<&Worker::note>();
  }
  void on_start() override { log_.push_back(name_ + " starts"); }
  void on_stop() override { log_.push_back(name_ + " stops"); }

 private:
  void tick(samples::Tick::Reader tick) {
    if (tick.getValue() == 13) throw std::runtime_error{name_ + " is superstitious"};
    if (tick.getValue() == 99) return stop();
    log_.push_back(name_ + " " + std::to_string(tick.getValue()));
  }
  void note(samples::Note::Reader note, Reply<samples::Tick> reply) {
    const std::string what = note.getText().cStr();
    if (what == "throw") throw std::runtime_error{"asked to"};
    if (what == "fail") return fail({Errc::invalid_argument, "as it was asked to"});
    if (what == "keep") return kept_.push_back(std::move(reply));
    reply.send([](samples::Tick::Builder answer) { answer.setValue(1); });
  }

  std::string name_;
  Log& log_;
  std::vector<Reply<samples::Tick>> kept_;
};

struct Fixture {
  Log log;  // outlives the agents
  DeterministicMesh test;
  myelin::Mesh& mesh = test.mesh();

  AgentRef start(const SupervisorSpec& spec) {
    const AgentRef tree = mesh.spawn<Supervisor>(spec);
    test.run();
    return tree;
  }
  void tick(const AgentRef& to, std::uint64_t value, Lane lane = Lane::normal) {
    mesh.tell(
        to, [&](samples::Tick::Builder tick) { tick.setValue(value); }, lane);
  }
  void batch(const AgentRef& to, std::initializer_list<std::uint64_t> values) {
    myelin::BatchBuilder<samples::Tick> ticks;
    for (const std::uint64_t value : values) ticks.add().setValue(value);
    mesh.send(to, ticks.finish());
  }
  void expect(const Log& expected) {
    BOOST_TEST(log == expected, boost::test_tools::per_element());
    log.clear();
  }
  std::uint64_t dead(Errc cause) { return mesh.dead_letters().count(cause); }
  SupervisorSpec three() {
    SupervisorSpec spec;
    for (const char* name : {"a", "b", "c"}) spec.child<Worker>(name, name, std::ref(log));
    return spec;
  }
};

}  // namespace

BOOST_TEST_DONT_PRINT_LOG_VALUE(myelin::Errc)

BOOST_FIXTURE_TEST_SUITE(supervision, Fixture)

BOOST_AUTO_TEST_CASE(children_can_be_found_and_sent_to_as_soon_as_their_supervisor_is_started) {
  const AgentRef tree = mesh.spawn<Supervisor>(three());
  tick(mesh.child(tree, "b"), 1);
  test.run();
  expect({"a starts", "b starts", "b 1", "c starts"});
  BOOST_TEST(!mesh.child(tree, "d"));
  BOOST_TEST(!mesh.child(AgentRef{}, "a"));
}

BOOST_AUTO_TEST_CASE(failures_are_told_to_whoever_observes_them) {
  Log told;
  const AgentRef a = mesh.child(start(three()), "a");
  myelin::observe_failures(mesh, [&](const myelin::ChildFailure& failure) {
    told.push_back(failure.name + " " + std::to_string(failure.attempt) + (failure.returns ? " returns: " : ": ") +
                   failure.error.message);
    BOOST_TEST((failure.child == a));
  });
  for (int i = 0; i < 4; ++i) {  // one more than the policy allows
    tick(a, 13);
    test.run();
  }
  const std::string why = "a is superstitious";
  const Log expected{"a 1 returns: " + why, "a 2 returns: " + why, "a 3 returns: " + why, "a 4: " + why};
  BOOST_TEST(told == expected, boost::test_tools::per_element());
  myelin::observe_failures(mesh, nullptr);
}

BOOST_AUTO_TEST_CASE(nobody_is_told_of_failures_any_more_once_the_observer_is_gone) {
  const AgentRef a = mesh.child(start(three()), "a");
  bool told = false;
  myelin::observe_failures(mesh, [&](const myelin::ChildFailure&) { told = true; });
  myelin::observe_failures(mesh, nullptr);
  tick(a, 13);
  test.run();
  BOOST_TEST(!told);
}

BOOST_AUTO_TEST_CASE(a_failed_child_is_restarted_in_place_and_handles_what_waited_in_order) {
  const AgentRef a = mesh.child(start(three()), "a");
  log.clear();
  for (const int value : {1, 13, 2, 3}) tick(a, value);
  test.run();
  expect({"a 1", "a starts", "a 2", "a 3"});
  BOOST_TEST(mesh.agents_running() == 4U);
}

BOOST_AUTO_TEST_CASE(the_message_that_a_handler_failed_at_is_a_dead_letter_once_and_is_not_tried_again) {
  const AgentRef a = mesh.child(start(three()), "a");
  tick(a, 13);
  test.run();
  const auto letters = mesh.dead_letters().recent();
  BOOST_REQUIRE(letters.size() == 1U);
  BOOST_TEST(letters[0].cause == Errc::handler_failed);
  BOOST_TEST(letters[0].receiver == a.id());
  BOOST_TEST(Held<samples::Tick> { letters[0].frame } -> getValue() == 13U);
  BOOST_TEST(dead(Errc::handler_failed) == 1U);
}

BOOST_AUTO_TEST_CASE(the_message_that_an_agent_without_a_supervisor_failed_at_is_a_dead_letter_too) {
  const AgentRef alone = mesh.spawn<Worker>("alone", std::ref(log));
  tick(alone, 13);
  test.run();
  BOOST_TEST(dead(Errc::handler_failed) == 1U);
  BOOST_TEST(mesh.agents_running() == 0U);
}

BOOST_AUTO_TEST_CASE(of_a_batch_the_rest_is_handled_by_the_successor) {
  const AgentRef a = mesh.child(start(three()), "a");
  log.clear();
  batch(a, {1, 13, 2, 13, 3});
  tick(a, 4);
  test.run();
  expect({"a 1", "a starts", "a 2", "a starts", "a 3", "a 4"});
  const auto letters = mesh.dead_letters().recent();
  BOOST_REQUIRE(letters.size() == 2U);
  BOOST_TEST(letters[0].messages == 1U);
  BOOST_TEST(letters[0].first == 1U);
  BOOST_TEST(letters[1].first == 3U);
}

BOOST_AUTO_TEST_CASE(a_question_that_its_handler_fails_at_fails_and_those_that_wait_are_answered_by_the_successor) {
  for (const char* how : {"throw", "fail"}) {
    const AgentRef a = mesh.child(start(three()), "a");
    std::vector<std::string> outcomes;
    mesh.spawn<Actor>([&](Actor& self) {
      for (const char* what : {"well", how, "well"}) {
        self.ask<samples::Tick>(
            a, [&](samples::Note::Builder note) { note.setText(what); }, 1s,
            [&](Result<Held<samples::Tick>> answer) {
              outcomes.emplace_back(answer ? "answer" : to_string(answer.error().code));
            });
      }
    });
    test.run();
    BOOST_TEST(outcomes == (Log{"answer", "handler_failed", "answer"}), boost::test_tools::per_element());
  }
  BOOST_TEST(dead(Errc::handler_failed) == 2U);
}

BOOST_AUTO_TEST_CASE(questions_that_a_failed_agent_kept_end_with_its_replacement) {
  const AgentRef a = mesh.child(start(three()), "a");
  std::optional<Errc> outcome;
  mesh.spawn<Actor>([&](Actor& self) {
    self.ask<samples::Tick>(
        a, [](samples::Note::Builder note) { note.setText("keep"); }, 1s,
        [&](Result<Held<samples::Tick>> answer) { outcome = answer.error().code; });
  });
  test.run();
  BOOST_TEST(!outcome.has_value());
  tick(a, 13);
  test.run();
  BOOST_TEST((outcome == Errc::handler_failed));
}

BOOST_AUTO_TEST_CASE(what_a_failed_agent_waited_for_never_reaches_its_successor) {
  int reached = 0;
  bool first = true;
  const AgentRef silent = mesh.spawn<Worker>("silent", std::ref(log));
  const SupervisorSpec spec = SupervisorSpec{}.child<Actor>("actor", [&](Actor& self) {
    if (!std::exchange(first, false)) return;
    self.after(10ms, [&] { ++reached; });
    self.offload([] {}, [&] { ++reached; });
    self.ask<samples::Tick>(
        silent, [](samples::Note::Builder note) { note.setText("well"); }, 20ms, [&](auto) { ++reached; });
    self.fail({Errc::invalid_argument, "at once"});
  });
  start(spec);
  test.advance(1s);
  test.run();
  BOOST_TEST(reached == 0);
}

BOOST_AUTO_TEST_CASE(one_for_all_restarts_all_and_stops_them_in_reverse_order) {
  const AgentRef b = mesh.child(start(three().one_for_all()), "b");
  log.clear();
  tick(b, 13);
  tick(b, 1);
  test.run();
  expect({"c stops", "a stops", "a starts", "b starts", "b 1", "c starts"});
}

BOOST_AUTO_TEST_CASE(rest_for_one_restarts_those_that_were_started_later) {
  const AgentRef b = mesh.child(start(three().rest_for_one()), "b");
  log.clear();
  tick(b, 13);
  test.run();
  expect({"c stops", "b starts", "c starts"});
}

BOOST_AUTO_TEST_CASE(a_supervisor_stops_its_children_in_reverse_order_before_it_stops_itself) {
  const AgentRef tree = start(three());
  log.clear();
  mesh.stop_agent(tree);
  test.run();
  expect({"c stops", "b stops", "a stops"});
  BOOST_TEST(mesh.agents_running() == 0U);
}

BOOST_AUTO_TEST_CASE(children_restart_always_on_failure_or_never) {
  const auto spec = [&](RestartWhen when) {
    return SupervisorSpec{}.child<Worker>("w", "w", std::ref(log)).restart(when);
  };
  struct Case {
    RestartWhen when;
    int message;
    bool restarts;
  };
  for (const auto& [when, message, restarts] :
       {Case{RestartWhen::always, 99, true}, Case{RestartWhen::always, 13, true},
        Case{RestartWhen::on_failure, 99, false}, Case{RestartWhen::on_failure, 13, true},
        Case{RestartWhen::never, 99, false}, Case{RestartWhen::never, 13, false}}) {
    const AgentRef tree = start(spec(when));
    const AgentRef worker = mesh.child(tree, "w");
    log.clear();
    tick(worker, message);
    tick(worker, 1);
    test.run();
    BOOST_TEST((!log.empty() && log.back() == "w 1") == restarts);
    BOOST_TEST((mesh.child(tree, "w") == worker) == restarts);
    mesh.stop_agent(tree);
    test.run();
    BOOST_TEST(mesh.agents_running() == 0U);
  }
}

BOOST_AUTO_TEST_CASE(a_child_that_is_told_to_stop_from_outside_stays_stopped) {
  const AgentRef tree = start(SupervisorSpec{}.child<Worker>("w", "w", std::ref(log)).restart(RestartWhen::always));
  mesh.stop_agent(mesh.child(tree, "w"));
  test.run();
  expect({"w starts", "w stops"});
  BOOST_TEST(!mesh.child(tree, "w"));
  BOOST_TEST(mesh.agents_running() == 1U);
}

BOOST_AUTO_TEST_CASE(a_supervisor_whose_children_fail_too_often_fails_and_stops_them) {
  const AgentRef tree = start(three().restarts(2, 1s));
  Actor* watcher = nullptr;
  mesh.spawn<Actor>([&](Actor& self) {
    watcher = &self;
    self.watch(tree);
  });
  const AgentRef a = mesh.child(tree, "a");
  for (int failure = 0; failure < 2; ++failure) {
    tick(a, 13);
    test.run();
  }
  BOOST_TEST(watcher->downs.empty());
  log.clear();
  tick(a, 13);
  tick(a, 1);
  test.run();
  expect({"c stops", "b stops"});  // a has failed already
  BOOST_REQUIRE(watcher->downs.size() == 1U);
  BOOST_TEST(watcher->downs[0].failed);
  BOOST_TEST(watcher->downs[0].reason.find("superstitious") != std::string::npos);
  BOOST_TEST(mesh.agents_running() == 1U);
  BOOST_TEST(dead(Errc::receiver_dead) == 1U);  // what waited for a
}

BOOST_AUTO_TEST_CASE(failures_far_apart_are_not_too_many) {
  const AgentRef a = mesh.child(start(three().restarts(1, 1s)), "a");
  for (int failure = 0; failure < 5; ++failure) {
    tick(a, 13);
    test.run();
    test.advance(1001ms);
    test.run();
  }
  BOOST_TEST(mesh.agents_running() == 4U);
}

BOOST_AUTO_TEST_CASE(a_child_waits_longer_before_each_restart_and_anew_when_it_has_run_well) {
  const AgentRef a =
      mesh.child(start(three().restarts(10, 1s).backoff({.initial = 10ms, .factor = 3, .max = 50ms})), "a");
  const auto fail_and_measure = [&] {
    log.clear();
    tick(a, 13);
    test.run();
    int waited = 0;
    while (log.empty()) {
      test.advance(1ms);
      test.run();
      ++waited;
    }
    BOOST_TEST(log == Log{"a starts"}, boost::test_tools::per_element());
    return waited;
  };
  for (const int expected : {10, 30, 50, 50}) BOOST_TEST(fail_and_measure() == expected);
  test.advance(1001ms);
  BOOST_TEST(fail_and_measure() == 10);
}

BOOST_AUTO_TEST_CASE(a_wait_is_shaken_by_no_more_than_the_jitter_and_never_above_the_most) {
  const Backoff backoff{.initial = 100ms, .factor = 2, .max = 500ms, .jitter = 0.2};
  BOOST_TEST((backoff.delay(1, 0) == 80ms));
  BOOST_TEST((backoff.delay(1, 0.5) == 100ms));
  BOOST_TEST((backoff.delay(2, 1) == 240ms));
  BOOST_TEST((backoff.delay(3, 1) == 480ms));
  BOOST_TEST((backoff.delay(4, 0.5) == 500ms));
  BOOST_TEST((backoff.delay(100'000, 0.5) == 500ms));  // beyond what a double can say
  BOOST_TEST((Backoff{}.delay(5, 0.5) == 0ms));
}

BOOST_AUTO_TEST_CASE(a_child_can_be_stopped_while_it_waits_to_be_restarted) {
  for (const bool whole_tree : {false, true}) {
    const AgentRef tree = start(three().backoff({.initial = 1s}));
    const AgentRef a = mesh.child(tree, "a");
    tick(a, 13);
    tick(a, 1);
    test.run();
    log.clear();
    const std::uint64_t dead_before = dead(Errc::receiver_dead);
    mesh.stop_agent(whole_tree ? tree : a);
    test.run();
    test.advance(2s);
    test.run();
    expect(whole_tree ? Log{"c stops", "b stops"} : Log{});
    BOOST_TEST(dead(Errc::receiver_dead) == dead_before + 1);
    mesh.stop_agent(tree);
    test.run();
    BOOST_TEST(mesh.agents_running() == 0U);
    log.clear();
  }
}

BOOST_AUTO_TEST_CASE(messages_that_come_while_an_agent_waits_to_be_restarted_wait_too) {
  const AgentRef a = mesh.child(start(three().backoff({.initial = 1s})), "a");
  tick(a, 13);
  test.run();
  log.clear();
  tick(a, 1);
  tick(a, 2, Lane::control);  // even these: there is no agent to take them
  test.run();
  expect({});
  test.advance(1s);
  test.run();
  expect({"a starts", "a 2", "a 1"});
}

BOOST_AUTO_TEST_CASE(a_successor_can_take_over_the_state_and_learns_why_and_how_often) {
  class Keeper : public myelin::Agent {
   public:
    explicit Keeper(Log& log) : log_{log} {}
    static void handlers(myelin::Handlers<Keeper>& on) { on.message<&Keeper::tick>(); }
    void on_restart(myelin::Restart& restart) override {
      sum_ = restart.predecessor<Keeper>()->sum_;
      BOOST_TEST(restart.predecessor<Worker>() == nullptr);
      log_.push_back(restart.error()->message + " " + std::to_string(restart.attempt()));
    }

   private:
    void tick(samples::Tick::Reader tick) {
      if (tick.getValue() == 13) throw std::runtime_error{"no"};
      sum_ += tick.getValue();
      log_.push_back(std::to_string(sum_));
    }
    std::uint64_t sum_ = 0;
    Log& log_;
  };
  const AgentRef keeper = mesh.child(start(SupervisorSpec{}.child<Keeper>("keeper", std::ref(log))), "keeper");
  for (const int value : {1, 2, 13, 13, 3}) tick(keeper, value);
  test.run();
  expect({"1", "3", "no 1", "no 2", "6"});
}

BOOST_AUTO_TEST_CASE(a_constructor_that_throws_at_a_restart_counts_as_a_failure) {
  class Unborn : public myelin::Agent {
   public:
    explicit Unborn(int& made) {
      if (++made > 1) throw std::runtime_error{"made too often"};
    }
    static void handlers(myelin::Handlers<Unborn>& on) { on.message<&Unborn::tick>(); }

   private:
    void tick(samples::Tick::Reader) { throw std::runtime_error{"tick"}; }
  };
  int made = 0;
  const AgentRef tree = start(SupervisorSpec{}.restarts(3, 1s).child<Unborn>("unborn", std::ref(made)));
  tick(mesh.child(tree, "unborn"), 1);
  test.run();
  BOOST_TEST(made == 4);  // once, and three restarts
  BOOST_TEST(mesh.agents_running() == 0U);
}

BOOST_AUTO_TEST_CASE(a_first_constructor_that_throws_passes_through_and_leaves_no_siblings) {
  class Unborn : public myelin::Agent {
   public:
    Unborn() { throw std::runtime_error{"never"}; }
  };
  BOOST_CHECK_THROW(mesh.spawn<Supervisor>(three().child<Unborn>("unborn")), std::runtime_error);
  test.run();
  BOOST_TEST(mesh.agents_running() == 0U);
}

/// The inner supervisor gives up after one restart; the outer restarts it, and with it the same children under the same
/// handles, whose messages have waited.
BOOST_AUTO_TEST_CASE(a_nested_supervisor_that_gives_up_is_restarted_by_its_own_with_the_same_children) {
  const AgentRef tree = start(SupervisorSpec{}.child<Supervisor>("inner", three().restarts(1, 1s)));
  const AgentRef inner = mesh.child(tree, "inner");
  const AgentRef a = mesh.child(inner, "a");
  tick(a, 13);
  test.run();
  log.clear();
  tick(a, 13);
  tick(a, 1);
  test.run();
  expect({"c stops", "b stops", "a starts", "a 1", "b starts", "c starts"});
  BOOST_TEST((mesh.child(tree, "inner") == inner));
  BOOST_TEST((mesh.child(inner, "a") == a));
  BOOST_TEST(mesh.agents_running() == 5U);
}

BOOST_AUTO_TEST_CASE(any_agent_can_supervise_and_a_restart_stops_the_children_that_it_does_not_start_again) {
  int starts = 0;
  bool fail_now = false;
  std::vector<AgentRef> named;
  const AgentRef parent =
      mesh.child(start(SupervisorSpec{}.child<Actor>("parent",
                                                     [&](Actor& self) {
                                                       if (std::exchange(fail_now, false))
                                                         return self.fail({Errc::cancelled, "now"});
                                                       ++starts;
                                                       named.push_back(self.start_child(
                                                           myelin::child_spec<Worker>("n", "named", std::ref(log))));
                                                       self.spawn_supervised<Worker>("nameless", std::ref(log));
                                                     })),
                 "parent");
  expect({"named starts", "nameless starts"});
  tick(named[0], 13);
  test.run();
  expect({"named starts"});
  fail_now = true;
  mesh.tell<samples::Empty>(parent, [](auto) {});
  test.run();
  BOOST_TEST(starts == 2);
  BOOST_TEST((named[0] == named[1]));
  BOOST_TEST(mesh.agents_running() == 4U);  // the tree, the parent, the named one, and a new nameless one
}

BOOST_AUTO_TEST_CASE(watchers_and_linked_agents_are_told_of_the_end_but_not_of_restarts) {
  const AgentRef tree = start(three());
  const AgentRef a = mesh.child(tree, "a");
  Actor* watcher = nullptr;
  mesh.spawn<Actor>([&](Actor& self) {
    watcher = &self;
    self.watch(a);
    self.link(a);
  });
  test.run();
  tick(a, 13);
  test.run();
  BOOST_TEST(watcher->downs.empty());
  BOOST_TEST(mesh.agents_running() == 5U);
  mesh.stop_agent(a);
  test.run();
  BOOST_REQUIRE(watcher->downs.size() == 1U);
  BOOST_TEST(!watcher->downs[0].failed);
}

BOOST_AUTO_TEST_CASE(senders_that_are_paused_by_a_full_mailbox_go_on_after_the_restart) {
  SupervisorSpec spec = SupervisorSpec{}.backoff({.initial = 1s});
  spec.child<Worker>("w", "w", std::ref(log));
  spec.children[0].options.mailbox = myelin::MailboxOptions{.capacity = 4};
  const AgentRef worker = mesh.child(start(spec), "w");
  log.clear();
  tick(worker, 13);
  test.run();
  int rounds = 0;
  mesh.spawn<Actor>([&](Actor& self) {
    for (int count = 0; count < 8; ++count) {
      self.send(worker, myelin::make_frame<samples::Tick>([&](auto tick) { tick.setValue(rounds); }));
    }
    if (++rounds < 3) self.tell<samples::Empty>(self.self(), [](auto) {});
  });
  test.run();
  BOOST_TEST(rounds == 1);
  test.advance(1s);
  test.run();
  BOOST_TEST(rounds == 3);
  BOOST_TEST(log.size() == 25U);  // the start, and three rounds
}

BOOST_AUTO_TEST_SUITE_END()
