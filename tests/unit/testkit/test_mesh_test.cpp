#include "myelin/testkit/test_mesh.hpp"

#include <set>

#include <boost/test/unit_test.hpp>

#include "agents.hpp"
#include "myelin/testkit/probe.hpp"

using myelin::AgentRef;
using myelin::Errc;
using myelin::testkit::ExpectationFailed;
using myelin::testkit::Probe;
using myelin::testkit::TestMesh;
using test::Clockwork;
using test::Counter;
using test::Doubler;
using test::Relay;
using namespace std::chrono_literals;

BOOST_TEST_DONT_PRINT_LOG_VALUE(myelin::Errc)

namespace {

std::vector<std::uint64_t> values_at(const Probe& probe) {
  std::vector<std::uint64_t> values;
  for (const auto& tick : probe.received<samples::Tick>()) values.push_back(tick->getValue());
  return values;
}

struct Outcome {
  std::vector<std::uint64_t> order;
  std::uint64_t hash;
  std::string trace;
};

/// Three senders through two relays to one receiver, with timers.
Outcome story(std::uint64_t seed) {
  TestMesh mesh{seed};
  Probe probe{mesh};
  const AgentRef left = mesh.spawn<Relay>(probe.ref()), right = mesh.spawn<Relay>(probe.ref());
  mesh.spawn<Counter>(left, 100, 5);
  mesh.spawn<Counter>(right, 200, 5);
  mesh.spawn<Counter>(probe.ref(), 300, 5);
  mesh.spawn<Clockwork>(probe.ref());
  mesh.faults().delay<samples::Tick>(0ms, 3ms, {.from = left, .probability = 0.5});
  mesh.advance(2s);
  return {values_at(probe), mesh.trace().hash(), mesh.trace().text()};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(test_mesh)

BOOST_AUTO_TEST_CASE(an_agent_is_asked_and_time_passes_only_for_want_of_an_answer) {
  TestMesh mesh{1};
  const auto ask = [&](const AgentRef& to) {
    return mesh.ask<samples::Tick>(
        to, [](samples::Tick::Builder tick) { tick.setValue(21); }, 5s);
  };
  const auto answer = ask(mesh.spawn<Doubler>());
  BOOST_REQUIRE(answer.has_value());
  BOOST_TEST((*answer)->getValue() == 42U);
  BOOST_TEST((mesh.elapsed() == 0s));
  Probe silent{mesh};
  const auto none = ask(silent.ref());
  BOOST_REQUIRE(!none.has_value());
  BOOST_TEST(none.error().code == Errc::timeout);
  BOOST_TEST((mesh.elapsed() == 5s));
  BOOST_TEST(ask(AgentRef{}).error().code == Errc::receiver_dead);
}

BOOST_AUTO_TEST_CASE(time_passes_in_steps_so_that_each_timer_sees_its_own_moment) {
  TestMesh mesh;
  Probe probe{mesh};
  mesh.spawn<Clockwork>(probe.ref());
  mesh.run();
  BOOST_TEST((mesh.next_due() - mesh.now() == 1s));
  mesh.advance(10s);  // each timer sets the next: none is late
  BOOST_TEST(values_at(probe).size() == 10U);
  BOOST_TEST((mesh.elapsed() == 10s));
}

BOOST_AUTO_TEST_CASE(the_same_seed_gives_the_same_trace_and_others_give_other_orders) {
  std::set<std::uint64_t> hashes;
  std::set<std::vector<std::uint64_t>> orders;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const Outcome once = story(seed), again = story(seed);
    BOOST_TEST(once.hash == again.hash);
    BOOST_TEST(once.trace == again.trace);
    BOOST_TEST(once.order == again.order, boost::test_tools::per_element());
    BOOST_TEST(once.order.size() == 17U);
    hashes.insert(once.hash);
    orders.insert(once.order);
  }
  BOOST_TEST(hashes.size() > 40U);
  BOOST_TEST(orders.size() > 10U);
}

BOOST_AUTO_TEST_CASE(each_sender_is_heard_in_its_own_order_under_every_seed) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    std::uint64_t last[4] = {};
    for (const std::uint64_t value : story(seed).order) {
      const std::uint64_t sender = value / 100;
      BOOST_REQUIRE_MESSAGE(value > last[sender], "seed " << seed << ": " << value << " after " << last[sender]);
      last[sender] = value;
    }
  }
}

BOOST_AUTO_TEST_CASE(seed_zero_is_plain_order) {
  TestMesh mesh;
  Probe probe{mesh};
  for (std::uint64_t first : {100, 200, 300}) mesh.spawn<Counter>(probe.ref(), first, 2);
  mesh.run();
  BOOST_TEST(values_at(probe) == (std::vector<std::uint64_t>{100, 101, 200, 201, 300, 301}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(agents_that_never_come_to_rest_are_reported_with_their_last_steps) {
  class Echo : public myelin::Agent {
   public:
    static void handlers(myelin::Handlers<Echo>& on) { on.message<&Echo::tick>(); }

   private:
    void tick(samples::Tick::Reader) {
      tell(self(), [](samples::Tick::Builder) {});
    }
  };
  TestMesh mesh{{.seed = 1, .steps_max = 100}};
  mesh.tell(mesh.spawn<Echo>(), [](samples::Tick::Builder) {});
  try {
    mesh.run();
    BOOST_ERROR("it came to rest");
  } catch (const ExpectationFailed& failure) {
    const std::string text = failure.what();
    BOOST_TEST(text.find("never come to rest") != std::string::npos, text);
    BOOST_TEST(text.find("Echo 1 handles Tick from Echo 1") != std::string::npos, text);
  }
}

BOOST_AUTO_TEST_CASE(what_an_agent_requires_fails_the_test_and_not_the_agent_alone) {
  class Strict : public myelin::Agent {
   public:
    static void handlers(myelin::Handlers<Strict>& on) { on.message<&Strict::tick>(); }

   private:
    void tick(samples::Tick::Reader tick) { myelin::testkit::require(tick.getValue() == 1, "the value is one"); }
  };
  TestMesh mesh{1};
  const AgentRef strict = mesh.spawn<Strict>();
  mesh.tell(strict, [](samples::Tick::Builder tick) { tick.setValue(1); });
  mesh.run();
  mesh.tell(strict, [](samples::Tick::Builder tick) { tick.setValue(2); });
  BOOST_CHECK_EXCEPTION(mesh.run(), ExpectationFailed, [](const ExpectationFailed& failure) {
    return std::string{failure.what()}.starts_with("the value is one");
  });
  BOOST_TEST(mesh.run() == 0U);  // said once
}

BOOST_AUTO_TEST_CASE(a_mesh_that_is_not_watched_runs_in_the_same_order) {
  const auto order = [](bool watched) {
    TestMesh mesh{{.seed = 9, .watched = watched}};
    Probe probe{mesh};
    for (std::uint64_t first : {100, 200, 300}) mesh.spawn<Counter>(probe.ref(), first, 5);
    mesh.run();
    BOOST_TEST((mesh.trace().size() == 0) == !watched);
    return values_at(probe);
  };
  BOOST_TEST(order(true) == order(false), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_trace_keeps_the_last_steps_and_hashes_all_of_them) {
  const auto hash = [](std::size_t kept, std::uint64_t count) {
    TestMesh mesh{{.seed = 1, .trace_entries_max = kept}};
    Probe probe{mesh};
    mesh.spawn<Counter>(probe.ref(), 0, count);
    mesh.run();
    BOOST_TEST(mesh.trace().entries().size() == std::min<std::size_t>(kept, 2 * count));
    BOOST_TEST(mesh.trace().size() == 2 * count);
    return mesh.trace().hash();
  };
  BOOST_TEST(hash(4, 10) == hash(1000, 10));
  BOOST_TEST(hash(4, 10) != hash(4, 11));
}

BOOST_AUTO_TEST_SUITE_END()
