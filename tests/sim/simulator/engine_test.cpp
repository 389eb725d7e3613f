// Clock, chance and network of the simulator.
#include <array>
#include <boost/test/unit_test.hpp>
#include <vector>

#include "engine/random.hpp"
#include "engine/schedule.hpp"
#include "engine/timeline.hpp"
#include "faults/network.hpp"

using myelin::Duration;
using myelin::sim::LinkQuality;
using myelin::sim::Network;
using myelin::sim::Random;
using myelin::sim::Schedule;
using myelin::sim::Timeline;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(engine)

BOOST_AUTO_TEST_CASE(a_seed_means_the_same_numbers_on_every_machine) {
  Random random{42};
  const std::array<std::uint64_t, 3> numbers = {random.next(), random.next(), random.next()};
  const std::array<std::uint64_t, 3> expected = {1546998764402558742ULL, 6990951692964543102ULL,
                                                 12544586762248559009ULL};
  BOOST_TEST(numbers == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(numbers_stay_in_their_range) {
  Random random{7};
  std::array<int, 5> seen{};
  for (int i = 0; i < 1'000; ++i) ++seen[random.below(5)];
  for (const int count : seen) BOOST_TEST(count > 100);
  for (int i = 0; i < 100; ++i) BOOST_TEST(random.doublings(3) <= 3);
  BOOST_TEST(!random.chance(0));
  BOOST_TEST(random.chance(1));
}

BOOST_AUTO_TEST_CASE(actions_run_in_order_of_time_and_then_of_planning) {
  Schedule schedule;
  std::vector<int> ran;
  schedule.after(2ms, [&] { ran.push_back(3); });
  schedule.after(1ms, [&] {
    ran.push_back(1);
    schedule.after(0ms, [&] { ran.push_back(2); });
  });
  schedule.after(2ms, [&] { ran.push_back(4); });
  while (schedule.step(10ms)) {
  }
  BOOST_TEST(ran == (std::vector{1, 2, 3, 4}), boost::test_tools::per_element());
  BOOST_TEST((schedule.now() == Duration{10ms}));
}

BOOST_AUTO_TEST_CASE(an_action_beyond_the_limit_waits) {
  Schedule schedule;
  bool ran = false;
  schedule.after(5ms, [&] { ran = true; });
  BOOST_TEST(!schedule.step(4ms));
  BOOST_TEST(!ran);
  BOOST_TEST(schedule.step(5ms));
  BOOST_TEST(ran);
}

BOOST_AUTO_TEST_CASE(links_in_order_let_nothing_overtake) {
  Schedule schedule;
  const LinkQuality quality{.delay_min = 0ms, .delay_max = 10ms, .doublings_max = 4, .in_order = true};
  Network network{schedule, Random{1}, 2, quality};
  std::vector<int> came;
  for (int i = 0; i < 50; ++i) network.send(0, 1, [&came, i] { came.push_back(i); });
  while (schedule.step(10s)) {
  }
  BOOST_TEST(came.size() == 50U);
  BOOST_TEST(std::ranges::is_sorted(came));
}

BOOST_AUTO_TEST_CASE(a_blocked_link_is_blocked_one_way_until_the_network_settles) {
  Schedule schedule;
  const LinkQuality quality{.delay_min = 1ms, .delay_max = 1ms};
  Network network{schedule, Random{1}, 2, quality};
  int came = 0;
  network.block(0, 1);
  network.send(0, 1, [&] { came += 1; });
  network.send(1, 0, [&] { came += 10; });
  network.settle(quality);
  network.send(0, 1, [&] { came += 100; });
  while (schedule.step(1s)) {
  }
  BOOST_TEST(came == 110);
  BOOST_TEST(network.lost() == 1U);
}

BOOST_AUTO_TEST_CASE(a_clogged_link_delivers_late_and_all) {
  Schedule schedule;
  Network network{schedule, Random{1}, 2, {.delay_min = 1ms, .delay_max = 1ms}};
  network.clog(0, 1, 50ms);
  Duration came{0};
  network.send(0, 1, [&] { came = schedule.now(); });
  while (schedule.step(1s)) {
  }
  BOOST_TEST((came == Duration{51ms}));
}

BOOST_AUTO_TEST_CASE(a_timeline_keeps_the_last_lines) {
  const Schedule schedule;
  Timeline timeline{schedule, 2};
  for (int i = 0; i < 5; ++i) timeline.note("v0", "line {}", i);
  BOOST_TEST(timeline.text() ==
             "  (3 lines before; --timeline prints all)\n"
             "    0.000000 s  v0        line 3\n"
             "    0.000000 s  v0        line 4\n");
  BOOST_TEST(Timeline(schedule, 0).text().empty());
}

BOOST_AUTO_TEST_SUITE_END()
