// Two nodes whose connections all go by way of somebody who damages them.
#include <boost/test/unit_test.hpp>
#include <random>
#include <string>

#include "damaging_proxy.hpp"
#include "onlooker.hpp"
#include "whole_nodes.hpp"

using namespace myelin;
using namespace myelin::test;

BOOST_AUTO_TEST_SUITE(man_in_the_middle)

BOOST_AUTO_TEST_CASE(damaged_connections_end_and_no_answer_is_wrong) {
  WholeNodes nodes;
  Onlooker eye{nodes};
  DamagingProxy before_a{loopback_address(10), loopback_address(0)};
  DamagingProxy before_b{loopback_address(11), loopback_address(1)};
  nodes.start({.name = "a", .address = loopback_address(0), .advertise = loopback_address(10)});
  nodes.start({.name = "b",
               .address = loopback_address(1),
               .seeds = {loopback_address(10)},
               .advertise = loopback_address(11)});
  for (std::size_t i = 0; i < 2; ++i) eye.look_at(i == 0 ? "a" : "b", loopback_address(i));
  eye.require_whole({"a", "b"});

  for (DamagingProxy* proxy : {&before_a, &before_b}) proxy->damage(true);
  constexpr unsigned kDamaged = 6;
  std::minstd_rand random{5};
  unsigned right = 0;
  unsigned failed = 0;
  BOOST_TEST(eventually([&] {
    const std::string text(random() % 5000, 'x');
    const auto answer = eye.ask("a", "b", "greeter", text);
    if (answer) BOOST_TEST((*answer == "Hello, " + text));
    ++(answer ? right : failed);
    return before_a.damaged() + before_b.damaged() >= kDamaged;
  }));
  BOOST_TEST_MESSAGE(right << " answers were right, " << failed << " questions failed");
  for (DamagingProxy* proxy : {&before_a, &before_b}) proxy->damage(false);
  eye.require_whole({"a", "b"});
  eye.require_answers({"a", "b"});
  nodes.terminate_all({"a", "b"});
}

BOOST_AUTO_TEST_SUITE_END()
