// What becomes of messages when a mailbox is full, by each reaction. One thread, so that every order is fixed.
#include <boost/test/unit_test.hpp>

#include "agents.hpp"
#include "myelin/actors/deterministic_mesh.hpp"

using myelin::AgentRef;
using myelin::DeterministicMesh;
using myelin::Errc;
using myelin::Lane;
using myelin::MailboxOptions;
using myelin::Overload;
using test::Actor;
using test::Recorder;
using namespace std::chrono_literals;
using Ticks = std::vector<std::uint64_t>;

BOOST_TEST_DONT_PRINT_LOG_VALUE(myelin::Errc)

namespace {

struct Fixture {
  Recorder::Log log;  // before the mesh, whose agents write to it until they end
  DeterministicMesh test;

  AgentRef recorder(const MailboxOptions& mailbox) {
    return test.mesh().spawn_with<Recorder>({.mailbox = mailbox}, log);
  }
  void send(const AgentRef& to, std::uint64_t value, Lane lane = Lane::normal) {
    test.mesh().tell(
        to, [&](samples::Tick::Builder tick) { tick.setValue(value); }, lane);
  }
  void send_1_to(const AgentRef& to, std::uint64_t last) {
    for (std::uint64_t value = 1; value <= last; ++value) send(to, value);
  }
  [[nodiscard]] std::uint64_t refused() { return test.mesh().dead_letters().count(Errc::overloaded); }
};

/// Sends a burst of single ticks each time it is told to, and writes down what came back.
class Flooder : public myelin::Agent {
 public:
  struct Log {
    int bursts = 0;
    Ticks back;
  };
  Flooder(AgentRef to, std::uint64_t burst, Log& log) : to_{std::move(to)}, burst_{burst}, log_{log} {}
  static void handlers(myelin::Handlers<Flooder>& on) { on.message<&Flooder::go>(); }
  void on_rejected(const AgentRef& receiver, myelin::Frame frame) override {
    BOOST_TEST((receiver == to_));
    log_.back.push_back((*myelin::Held<samples::Tick>{frame}).getValue());
  }

 private:
  void go(samples::Empty::Reader) {
    ++log_.bursts;
    for (std::uint64_t value = 1; value <= burst_; ++value) {
      send(to_, myelin::make_frame<samples::Tick>([&](samples::Tick::Builder tick) { tick.setValue(value); },
                                                  {.sender = id()}));
    }
  }
  AgentRef to_;
  std::uint64_t burst_;
  Log& log_;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(mailbox, Fixture)

BOOST_AUTO_TEST_CASE(reject_refuses_what_does_not_fit) {
  const AgentRef agent = recorder({.capacity = 3, .when_full = Overload::reject});
  send_1_to(agent, 5);
  BOOST_TEST(refused() == 2U);
  test.run();
  BOOST_TEST(log.ticks == (Ticks{1, 2, 3}), boost::test_tools::per_element());
  send(agent, 6);  // there is room again
  test.run();
  BOOST_TEST(log.ticks.back() == 6U);
}

BOOST_AUTO_TEST_CASE(reject_gives_messages_back_to_the_agent_that_sent_them) {
  const AgentRef agent = recorder({.capacity = 3, .when_full = Overload::reject});
  Flooder::Log flood;
  const AgentRef flooder = test.mesh().spawn<Flooder>(agent, 5, flood);
  test.mesh().tell(flooder, [](samples::Empty::Builder) {});
  test.run();
  BOOST_TEST(log.ticks == (Ticks{1, 2, 3}), boost::test_tools::per_element());
  BOOST_TEST(flood.back == (Ticks{4, 5}), boost::test_tools::per_element());
  BOOST_TEST(refused() == 0U);
}

BOOST_AUTO_TEST_CASE(a_question_that_does_not_fit_fails_as_overloaded) {
  for (const Overload reaction : {Overload::reject, Overload::drop_newest}) {
    const AgentRef agent = recorder({.capacity = 1, .when_full = reaction});
    send(agent, 1);
    std::optional<Errc> error;
    test.mesh().spawn<Actor>([&](Actor& self) {
      self.ask<samples::Tick>(
          agent, [](samples::Tick::Builder) {}, 1s, [&](auto answer) { error = answer.error().code; });
    });
    while (!error && test.step()) {
    }
    BOOST_REQUIRE(error.has_value());
    BOOST_TEST((*error == Errc::overloaded || *error == Errc::no_reply));
    test.run();
  }
}

BOOST_AUTO_TEST_CASE(drop_newest_keeps_the_first) {
  const AgentRef agent = recorder({.capacity = 2, .when_full = Overload::drop_newest});
  Flooder::Log flood;
  const AgentRef flooder = test.mesh().spawn<Flooder>(agent, 5, flood);
  test.mesh().tell(flooder, [](samples::Empty::Builder) {});
  test.run();
  BOOST_TEST(log.ticks == (Ticks{1, 2}), boost::test_tools::per_element());
  BOOST_TEST(flood.back.empty());
  BOOST_TEST(refused() == 3U);
}

BOOST_AUTO_TEST_CASE(drop_oldest_keeps_the_last) {
  const AgentRef agent = recorder({.capacity = 3, .when_full = Overload::drop_oldest});
  send_1_to(agent, 100);
  BOOST_TEST(refused() == 97U);
  test.run();
  BOOST_TEST(log.ticks == (Ticks{98, 99, 100}), boost::test_tools::per_element());
  send_1_to(agent, 2);
  test.run();
  BOOST_TEST(log.ticks == (Ticks{98, 99, 100, 1, 2}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(drop_oldest_drops_from_the_lowest_lane) {
  const AgentRef agent = recorder({.capacity = 3, .when_full = Overload::drop_oldest});
  send(agent, 1, Lane::high);
  send(agent, 2, Lane::bulk);
  send(agent, 3, Lane::normal);
  send(agent, 4, Lane::normal);
  send(agent, 5, Lane::control);
  test.run();
  BOOST_TEST(log.ticks == (Ticks{5, 1, 3, 4}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(redirect_passes_on_what_does_not_fit) {
  Recorder::Log second_log, third_log;
  const AgentRef third = test.mesh().spawn_with<Recorder>(
      {.mailbox = MailboxOptions{.capacity = 1, .when_full = Overload::reject}}, third_log);
  const AgentRef second = test.mesh().spawn_with<Recorder>(
      {.mailbox = MailboxOptions{.capacity = 2, .when_full = Overload::redirect, .redirect_to = third}}, second_log);
  const AgentRef first = recorder({.capacity = 3, .when_full = Overload::redirect, .redirect_to = second});
  send_1_to(first, 8);
  BOOST_TEST(refused() == 2U);
  test.run();
  BOOST_TEST(log.ticks == (Ticks{1, 2, 3}), boost::test_tools::per_element());
  BOOST_TEST(second_log.ticks == (Ticks{4, 5}), boost::test_tools::per_element());
  BOOST_TEST(third_log.ticks == (Ticks{6}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(control_messages_are_taken_however_full_it_is) {
  for (const Overload reaction :
       {Overload::block, Overload::reject, Overload::drop_newest, Overload::drop_oldest, Overload::redirect}) {
    log = {};
    const AgentRef agent = recorder({.capacity = 1, .when_full = reaction});
    send(agent, 1);
    send(agent, 2, Lane::control);
    send(agent, 3, Lane::control);
    test.run();
    BOOST_TEST(log.ticks == (Ticks{2, 3, 1}), boost::test_tools::per_element());
  }
  BOOST_TEST(refused() == 0U);
}

BOOST_AUTO_TEST_CASE(a_sender_to_a_full_mailbox_is_paused_until_it_is_half_empty) {
  const AgentRef agent = recorder({.capacity = 4, .when_full = Overload::block});
  Flooder::Log flood;
  const AgentRef flooder = test.mesh().spawn<Flooder>(agent, 3, flood);
  for (int burst = 0; burst < 5; ++burst) test.mesh().tell(flooder, [](samples::Empty::Builder) {});
  std::size_t most = 0;
  std::uint64_t handled = 0;
  while (test.step()) {
    // Sent and not yet handled: never more than the capacity, and the rest of one burst.
    most = std::max<std::size_t>(most, static_cast<std::size_t>(flood.bursts) * 3 - log.ticks.size());
    handled = log.ticks.size();
  }
  BOOST_TEST(handled == 15U);
  BOOST_TEST(flood.bursts == 5);
  BOOST_TEST(most > 4U);
  BOOST_TEST(most <= 4U + 3U);
  BOOST_TEST(refused() == 0U);
}

BOOST_AUTO_TEST_CASE(a_paused_agent_handles_control_messages_only) {
  const AgentRef agent = recorder({.capacity = 1, .when_full = Overload::block});
  Flooder::Log flood;
  const AgentRef flooder = test.mesh().spawn<Flooder>(agent, 3, flood);
  test.mesh().tell(flooder, [](samples::Empty::Builder) {});
  while (flood.bursts == 0) BOOST_REQUIRE(test.step());
  test.mesh().tell(flooder, [](samples::Empty::Builder) {});
  test.mesh().stop_agent(flooder);
  test.run();
  BOOST_TEST(flood.bursts == 1);  // it stopped while it was paused
  BOOST_TEST(log.ticks.size() == 3U);
  BOOST_TEST(test.mesh().dead_letters().count(Errc::receiver_dead) == 1U);
}

BOOST_AUTO_TEST_CASE(agents_that_fill_each_others_mailboxes_do_not_wait_for_ever) {
  // Three in a ring; each passes on two ticks for every one. If all could be paused at once, none would go on.
  struct Ring : myelin::Agent {
    Ring(int& count, std::function<AgentRef()> next) : count_{count}, next_{std::move(next)} {}
    static void handlers(myelin::Handlers<Ring>& on) { on.message<&Ring::tick>(); }
    static MailboxOptions mailbox() { return {.capacity = 2}; }
    void tick(samples::Tick::Reader tick) {
      ++count_;
      for (int copy = 0; copy < 2 && tick.getValue() > 0; ++copy) {
        const std::uint64_t value = tick.getValue() - 1;
        send(next_(), myelin::make_frame<samples::Tick>([&](samples::Tick::Builder t) { t.setValue(value); }));
      }
    }
    int& count_;
    std::function<AgentRef()> next_;
  };
  int count = 0;
  std::vector<AgentRef> ring;
  for (std::size_t index = 0; index < 3; ++index) {
    ring.push_back(test.mesh().spawn<Ring>(count, [&ring, index] { return ring[(index + 1) % 3]; }));
  }
  send(ring[0], 4);
  test.run();
  const auto lost = refused();
  BOOST_TEST(static_cast<std::uint64_t>(count) + lost >= 16U);
  BOOST_TEST(count > 0);
  for (const AgentRef& agent : ring) send(agent, 0);
  const int before = count;
  test.run();
  BOOST_TEST(count == before + 3);  // nobody is paused still
}

BOOST_AUTO_TEST_CASE(beyond_the_overdraft_a_blocking_mailbox_refuses) {
  const AgentRef agent = recorder({.capacity = 2, .when_full = Overload::block});
  send_1_to(agent, 100);
  BOOST_TEST(refused() == 100U - 2 * myelin::limits::kMailboxOverdraft);
  test.run();
  BOOST_TEST(log.ticks.size() == 2 * myelin::limits::kMailboxOverdraft);
}

BOOST_AUTO_TEST_CASE(a_batch_is_no_larger_than_its_receivers_mailbox) {
  const AgentRef agent = recorder({.capacity = 10, .when_full = Overload::reject});
  test.mesh().spawn<Actor>([&](Actor& self) {
    for (std::uint64_t value = 1; value <= 100; ++value) {
      self.tell(agent, [&](samples::Tick::Builder tick) { tick.setValue(value); });
    }
  });
  test.run();
  BOOST_TEST(log.ticks.size() == 10U);
  BOOST_TEST(refused() == 90U);
}

BOOST_AUTO_TEST_CASE(an_agent_can_ask_how_much_room_there_is) {
  const AgentRef agent = recorder({.capacity = 10, .when_full = Overload::reject});
  send_1_to(agent, 4);
  std::size_t room = 0;
  class Curious : public myelin::Agent {
   public:
    Curious(AgentRef other, std::size_t& room) : other_{std::move(other)}, room_{room} {}
    void on_start() override { room_ = room_at(other_); }

   private:
    AgentRef other_;
    std::size_t& room_;
  };
  test.mesh().spawn<Curious>(agent, room);
  while (room == 0 && test.step()) {
  }
  BOOST_TEST((room == 6U || room == 10U));
}

BOOST_AUTO_TEST_SUITE_END()
