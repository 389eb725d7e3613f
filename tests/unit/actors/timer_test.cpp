#include <boost/test/unit_test.hpp>

#include "tasks_agents.hpp"

using myelin::CorrelationId;
using myelin::Duration;
using myelin::Ticks;
using myelin::TimePoint;
using test::Runner;
using namespace std::chrono_literals;

namespace {

TimePoint at(Duration since) { return TimePoint{since}; }

/// Starts a timer in its first turn, and notes how long after that each call came.
class Ticker : public myelin::Self {
 public:
  using Setup = std::function<CorrelationId(Ticker&)>;
  Ticker(std::vector<Duration>& calls, Setup setup) : calls_{calls}, setup_{std::move(setup)} {}
  static void handlers(myelin::Handlers<Ticker>& on) { on.message<&Ticker::end>(); }
  void on_start() override {
    started_ = now();
    timer = setup_(*this);
  }
  void called() { calls_.push_back(now() - started_); }
  [[nodiscard]] std::size_t calls() const { return calls_.size(); }
  CorrelationId timer = 0;

 private:
  void end(samples::Empty::Reader) { cancel(timer); }
  std::vector<Duration>& calls_;
  Setup setup_;
  TimePoint started_;
};

struct Fixture : test::MeshFixture {
  std::vector<Duration> calls;
  myelin::AgentRef start(Ticker::Setup setup) {
    const auto agent = test.mesh().spawn<Ticker>(calls, std::move(setup));
    test.run();
    return agent;
  }
};

}  // namespace

namespace std::chrono {
// For Boost.Test's messages.
static std::ostream& operator<<(std::ostream& out, const nanoseconds& duration) {
  return out << duration.count() << "ns";
}
}  // namespace std::chrono

BOOST_FIXTURE_TEST_SUITE(timers, Fixture)

BOOST_AUTO_TEST_CASE(ticks_are_multiples_of_the_period) {
  Ticks ticks{at(5s), 10s, 0, 1};
  BOOST_TEST((ticks.next(at(5s)) == at(15s)));
  BOOST_TEST((ticks.next(at(15s)) == at(25s)));
}

BOOST_AUTO_TEST_CASE(a_late_call_does_not_shift_the_next) {
  Ticks ticks{at(0s), 10s, 0, 1};
  BOOST_TEST((ticks.next(at(0s)) == at(10s)));
  BOOST_TEST((ticks.next(at(19s)) == at(20s)));
}

BOOST_AUTO_TEST_CASE(missed_ticks_are_skipped) {
  Ticks ticks{at(0s), 10s, 0, 1};
  BOOST_TEST((ticks.next(at(0s)) == at(10s)));
  BOOST_TEST((ticks.next(at(47s)) == at(50s)));
  BOOST_TEST((ticks.next(at(70s)) == at(70s)));
  BOOST_TEST((ticks.next(at(70s) + 1ns) == at(80s)));
}

BOOST_AUTO_TEST_CASE(jitter_delays_each_tick_by_its_own_part_of_the_period) {
  Ticks ticks{at(0s), 10s, 0.5, 42}, same{at(0s), 10s, 0.5, 42}, other{at(0s), 10s, 0.5, 43};
  bool differ = false, spread = false;
  Duration first{-1};
  for (int i = 1; i <= 1000; ++i) {
    const TimePoint base = at(i * 10s);
    const TimePoint due = ticks.next(base);
    BOOST_REQUIRE((due >= base));
    BOOST_REQUIRE((due < base + 5s));
    BOOST_REQUIRE((due == same.next(base)));
    differ = differ || due != other.next(base);
    if (first < Duration{0}) first = due - base;
    spread = spread || due - base > first + 1s || due - base < first - 1s;
  }
  BOOST_TEST(differ);
  BOOST_TEST(spread);
}

BOOST_AUTO_TEST_CASE(a_wrong_period_or_jitter_is_refused) {
  BOOST_CHECK_THROW((Ticks{at(0s), 0s, 0, 1}), std::invalid_argument);
  BOOST_CHECK_THROW((Ticks{at(0s), -1s, 0, 1}), std::invalid_argument);
  BOOST_CHECK_THROW((Ticks{at(0s), 1s, -0.1, 1}), std::invalid_argument);
  BOOST_CHECK_THROW((Ticks{at(0s), 1s, 1.1, 1}), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(a_period_below_what_jitter_can_divide_has_none) {
  Ticks ticks{at(0s), 1ns, 0.5, 1};
  BOOST_TEST((ticks.next(at(0s)) == at(1ns)));
}

BOOST_AUTO_TEST_CASE(every_calls_at_each_multiple_until_cancelled) {
  const auto agent = start([](Ticker& self) { return self.every(10s, [&self] { self.called(); }); });
  for (int i = 0; i < 35; ++i) pass(1s);
  BOOST_TEST(calls == (std::vector<Duration>{10s, 20s, 30s}), boost::test_tools::per_element());
  test.mesh().tell(agent, [](samples::Empty::Builder) {});
  test.run();
  pass(1h);
  BOOST_TEST(calls.size() == 3U);
}

BOOST_AUTO_TEST_CASE(a_stall_gives_one_call_and_no_burst) {
  start([](Ticker& self) { return self.every(10s, [&self] { self.called(); }); });
  pass(47s);
  BOOST_TEST(calls == std::vector<Duration>{47s}, boost::test_tools::per_element());
  pass(3s);
  BOOST_TEST(calls == (std::vector<Duration>{47s, 50s}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_timer_cancels_itself) {
  start([](Ticker& self) {
    return self.every(10s, [&self] {
      self.called();
      if (self.calls() == 2) self.cancel(self.timer);
    });
  });
  for (int i = 0; i < 5; ++i) pass(10s);
  BOOST_TEST(calls.size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_timer_started_where_one_was_cancelled_is_another) {
  start([](Ticker& self) {
    const auto doomed = self.every(10s, [&self] { self.called(); });
    self.cancel(doomed);
    const auto timer = self.every(20s, [&self] { self.called(); });
    self.cancel(doomed);
    return timer;
  });
  for (int i = 0; i < 4; ++i) pass(10s);
  BOOST_TEST(calls == (std::vector<Duration>{20s, 40s}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(jitter_keeps_the_rate) {
  start([](Ticker& self) { return self.every(10s, {.jitter = 0.9}, [&self] { self.called(); }); });
  for (int i = 0; i < 1'000; ++i) pass(1s);
  BOOST_TEST(calls.size() >= 99U);
  BOOST_TEST(calls.size() <= 100U);
}

BOOST_AUTO_TEST_CASE(an_exception_in_a_timer_fails_its_agent) {
  start([](Ticker& self) {
    return self.every(10s, [&self] {
      self.called();
      throw std::runtime_error{"in a timer"};
    });
  });
  pass(10s);
  pass(10s);
  BOOST_TEST(calls.size() == 1U);
  BOOST_TEST(test.mesh().agents_running() == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
