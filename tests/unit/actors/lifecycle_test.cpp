#include <boost/test/unit_test.hpp>

#include "agents.hpp"
#include "myelin/actors/deterministic_mesh.hpp"
#include "myelin/dead_letters.capnp.h"

using myelin::AgentRef;
using myelin::AgentState;
using myelin::DeterministicMesh;
using myelin::Errc;
using myelin::Held;
using myelin::Reply;
using myelin::Result;
using test::Actor;
using test::Recorder;
using namespace std::chrono_literals;

namespace {

/// Is ready once a question of its own is answered.
class Careful : public myelin::Agent {
 public:
  struct Log {
    std::vector<std::uint64_t> ticks;
    bool answered = false;
  };

  Careful(AgentRef source, Log& log) : source_{std::move(source)}, log_{log} {}
  static void handlers(myelin::Handlers<Careful>& on) { on.message<&Careful::tick>(); }
  void on_start() override {
    hold_ready();
    ask<samples::Tick>(
        source_, [](samples::Note::Builder) {}, 1s,
        [this](Result<Held<samples::Tick>> answer) {
          log_.answered = answer.has_value();
          if (!answer) return fail(answer.error());
          become_ready();
        });
  }

 private:
  void tick(samples::Tick::Reader tick) { log_.ticks.push_back(tick.getValue()); }
  AgentRef source_;
  Log& log_;
};

/// Keeps questions until it gets a Tick.
class Slow : public myelin::Agent {
 public:
  static void handlers(myelin::Handlers<Slow>& on) {
    on.message<&Slow::note>();
    on.message<&Slow::tick>();
  }

 private:
  void note(samples::Note::Reader, Reply<samples::Tick> reply) { kept_.push_back(std::move(reply)); }
  void tick(samples::Tick::Reader) {
    for (auto& reply : kept_) reply.send([](samples::Tick::Builder) {});
    kept_.clear();
  }
  std::vector<Reply<samples::Tick>> kept_;
};

struct Fixture {
  Careful::Log careful_log;
  Recorder::Log log;
  DeterministicMesh test;
  myelin::Mesh& mesh = test.mesh();
  AgentRef slow = mesh.spawn<Slow>();

  void tick(const AgentRef& to, std::uint64_t value) {
    mesh.tell(to, [&](samples::Tick::Builder tick) { tick.setValue(value); });
  }
};

}  // namespace

BOOST_TEST_DONT_PRINT_LOG_VALUE(myelin::Errc)
BOOST_TEST_DONT_PRINT_LOG_VALUE(myelin::AgentState)

BOOST_FIXTURE_TEST_SUITE(lifecycle, Fixture)

BOOST_AUTO_TEST_CASE(an_agent_that_holds_back_gets_answers_but_no_messages_until_it_is_ready) {
  const AgentRef careful = mesh.spawn<Careful>(slow, careful_log);
  for (const int value : {1, 2, 3}) tick(careful, value);
  test.run();
  BOOST_TEST(mesh.state_of(careful) == AgentState::starting);
  BOOST_TEST(careful_log.ticks.empty());
  BOOST_TEST((mesh.wait_ready(careful, 0ms).error().code == Errc::timeout));
  tick(slow, 0);
  BOOST_TEST(mesh.wait_ready(careful, 0ms).has_value());
  tick(careful, 4);
  test.run();
  BOOST_TEST(careful_log.ticks == (std::vector<std::uint64_t>{1, 2, 3, 4}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_agent_may_fail_or_be_stopped_while_it_holds_back) {
  for (const bool stopped : {true, false}) {
    const AgentRef careful = mesh.spawn<Careful>(slow, careful_log);
    tick(careful, 1);
    test.run();
    if (stopped) {
      mesh.stop_agent(careful);
    } else {
      test.advance(2s);  // the question's deadline
    }
    test.run();
    BOOST_TEST(mesh.state_of(careful) == (stopped ? AgentState::stopped : AgentState::failed));
    BOOST_TEST((mesh.wait_ready(careful, 0ms).error().code == Errc::receiver_dead));
  }
  BOOST_TEST(careful_log.ticks.empty());
  BOOST_TEST(mesh.dead_letters().count(Errc::receiver_dead) == 2U);
}

BOOST_AUTO_TEST_CASE(a_mailbox_that_drops_the_oldest_stays_bounded_while_its_agent_holds_back) {
  const AgentRef careful = mesh.spawn_with<Careful>(
      {.mailbox = myelin::MailboxOptions{.capacity = 4, .when_full = myelin::Overload::drop_oldest}}, slow,
      careful_log);
  test.run();
  for (int value = 0; value < 20; ++value) {
    tick(careful, value);
    test.run();
  }
  tick(slow, 0);
  test.run();
  BOOST_TEST(careful_log.ticks == (std::vector<std::uint64_t>{16, 17, 18, 19}), boost::test_tools::per_element());
  BOOST_TEST(mesh.dead_letters().count(Errc::overloaded) == 16U);
}

BOOST_AUTO_TEST_CASE(an_agent_is_ready_when_its_start_is_over) {
  const AgentRef plain = mesh.spawn<Recorder>(log);
  BOOST_TEST(mesh.state_of(plain) == AgentState::ready);  // nothing to be done before
  const AgentRef actor = mesh.spawn<Actor>([](Actor&) {});
  BOOST_TEST(mesh.state_of(actor) == AgentState::starting);
  BOOST_TEST(mesh.wait_ready(actor, 0ms).has_value());
  BOOST_TEST((mesh.wait_ready({}, 0ms).error().code == Errc::invalid_argument));
}

BOOST_AUTO_TEST_CASE(a_drained_agent_handles_what_waits_and_ends_its_questions_before_it_stops) {
  std::optional<bool> answered;
  const AgentRef asker = mesh.spawn<Actor>([&](Actor& self) {
    self.ask<samples::Tick>(
        slow, [](samples::Note::Builder) {}, 1s, [&](auto answer) { answered = answer.has_value(); });
  });
  test.run();
  BOOST_TEST((mesh.drain_agent(asker, 0ms).error().code == Errc::timeout) == true);
  BOOST_TEST(!answered.has_value());  // it was stopped all the same
  test.run();
  BOOST_TEST(mesh.state_of(asker) == AgentState::stopped);

  const AgentRef recorder = mesh.spawn<Recorder>(log);
  for (const int value : {1, 2, 3}) tick(recorder, value);
  BOOST_TEST(mesh.drain_agent(recorder, 1s).has_value());
  BOOST_TEST(log.ticks.size() == 3U);
  BOOST_TEST(mesh.state_of(recorder) == AgentState::stopped);
}

BOOST_AUTO_TEST_CASE(a_draining_agent_waits_for_its_answers) {
  std::optional<bool> answered;
  const AgentRef asker = mesh.spawn<Actor>([&](Actor& self) {
    self.ask<samples::Tick>(
        slow, [](samples::Note::Builder) {}, 1s, [&](auto answer) { answered = answer.has_value(); });
  });
  test.run();
  tick(slow, 0);  // answers in a later turn than the drain begins
  BOOST_TEST(mesh.drain_agent(asker, 1s).has_value());
  BOOST_TEST((answered == true));
}

BOOST_AUTO_TEST_CASE(a_shutdown_reports_what_was_drained_stopped_and_dropped) {
  const AgentRef recorder = mesh.spawn<Recorder>(log);
  for (const int value : {1, 2, 3}) tick(recorder, value);
  const myelin::ShutdownReport report = mesh.shutdown();
  BOOST_TEST(report.drained);
  BOOST_TEST(report.stopped == 2U);
  BOOST_TEST(report.stuck.empty());
  BOOST_TEST(report.dropped.empty());
  BOOST_TEST(log.ticks.size() == 3U);
  BOOST_TEST(!mesh.spawn<Recorder>(log));
  tick(recorder, 4);
  BOOST_TEST(mesh.dead_letters().count(Errc::receiver_dead) == 1U);
}

BOOST_AUTO_TEST_CASE(a_shutdown_with_open_questions_says_that_it_did_not_drain) {
  std::optional<Errc> outcome;
  mesh.spawn<Actor>([&](Actor& self) {
    self.ask<samples::Tick>(
        slow, [](samples::Note::Builder) {}, 1s, [&](auto answer) { outcome = answer.error().code; });
  });
  const myelin::ShutdownReport report = mesh.shutdown();
  BOOST_TEST(!report.drained);
  BOOST_TEST(report.stopped == 2U);
}

BOOST_AUTO_TEST_CASE(an_observer_of_dead_letters_can_leave) {
  int seen = 0;
  {
    const auto subscription = mesh.dead_letters().observe([&](const myelin::DeadLetter&) { ++seen; });
    tick(AgentRef{}, 1);
  }
  tick(AgentRef{}, 2);
  BOOST_TEST(seen == 1);
}

BOOST_AUTO_TEST_CASE(an_agent_can_subscribe_to_dead_letters) {
  class Undertaker : public myelin::Agent {
   public:
    explicit Undertaker(std::vector<std::uint64_t>& seen) : seen_{seen} {}
    static void handlers(myelin::Handlers<Undertaker>& on) { on.message<&Undertaker::notice>(); }

   private:
    void notice(myelin::schema::DeadLetterNotice::Reader notice) {
      BOOST_TEST(notice.getCause() == static_cast<std::uint16_t>(Errc::receiver_dead));
      BOOST_TEST(notice.getMessageType() == myelin::kTypeId<samples::Tick>);
      seen_.push_back(notice.getMessages());
    }
    std::vector<std::uint64_t>& seen_;
  };
  std::vector<std::uint64_t> seen;
  const AgentRef undertaker = mesh.spawn<Undertaker>(seen);
  auto subscription = mesh.dead_letters().tell(undertaker);
  tick(AgentRef{}, 1);
  test.run();
  BOOST_TEST(seen == (std::vector<std::uint64_t>{1}), boost::test_tools::per_element());
  mesh.stop_agent(undertaker);
  test.run();
  tick(AgentRef{}, 2);  // the notice of it dies too, and nobody is told
  test.run();
  BOOST_TEST(mesh.dead_letters().count(Errc::receiver_dead) == 3U);
}

BOOST_AUTO_TEST_SUITE_END()
