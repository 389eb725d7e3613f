// As many nodes on one machine as it takes for them to be in each other's way.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "onlooker.hpp"
#include "whole_nodes.hpp"

using namespace myelin;
using namespace myelin::test;

namespace {

constexpr std::size_t kNodes = kIsSanitized ? 8 : 16;

std::vector<std::string> without(std::vector<std::string> names, const std::string& one) {
  std::erase(names, one);
  return names;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(crowd)

BOOST_AUTO_TEST_CASE(many_nodes_see_each_other_lose_one_and_see_it_again) {
  WholeNodes nodes;
  Onlooker eye{nodes};
  std::vector<std::string> names;
  const auto plan = [](std::size_t i) {
    NodePlan planned{
        .name = "node" + std::to_string(i), .address = loopback_address(i), .more = "[mesh]\nworkers = 1\n"};
    if (i > 0) planned.seeds = {loopback_address(0)};
    return planned;
  };
  for (std::size_t i = 0; i < kNodes; ++i) {
    names.push_back(plan(i).name);
    nodes.launch(plan(i));
    eye.look_at(names.back(), loopback_address(i));
  }
  for (const std::string& name : names) nodes[name].require_ready();
  eye.require_whole(names);
  eye.require_answers({names.front(), names.back()});

  nodes.kill("node7");
  eye.require_whole(without(names, "node7"));
  BOOST_TEST(eventually([&] { return eye.sight("node3", "node7").state == "down"; }));
  nodes.start(plan(7));
  eye.require_whole(names);

  nodes.terminate("node3");
  eye.require_whole(without(names, "node3"));
  for (const std::string& name : without(names, "node3")) {
    BOOST_TEST(eventually([&] { return eye.sight(name, "node3").state == "left"; }), name);
  }
  nodes.start(plan(3));
  eye.require_whole(names);
  eye.require_answers({"node3", "node7"});

  // The one that all others were told of.
  nodes.kill("node0");
  eye.require_whole(without(names, "node0"));
  nodes.start(plan(0));
  eye.require_whole(names);
  nodes.terminate_all(names);
}

BOOST_AUTO_TEST_SUITE_END()
