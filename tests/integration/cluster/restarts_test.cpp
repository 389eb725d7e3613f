// Three nodes that are ended and started again, in every order and way, with all seeds and with one.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "onlooker.hpp"
#include "whole_nodes.hpp"

using namespace myelin;
using namespace myelin::test;

namespace {

/// "a", "b" and "c". Each knows the addresses of all as seeds, or "b" and "c" know that of "a" alone, and "a" nobody's.
class Trio {
 public:
  explicit Trio(bool one_seed) : one_seed_{one_seed} {
    for (const std::string& name : names) {
      start(name);
      eye.look_at(name, address_of(name));
    }
    eye.require_whole(names);
  }
  void start(const std::string& name) { nodes.start(plan(name)); }
  void end(const std::string& name, int signal) {
    if (signal == SIGKILL) {
      nodes.kill(name);
    } else {
      nodes.terminate(name);
    }
  }
  void require_well(const std::string& when) {
    BOOST_TEST_INFO_SCOPE(when);
    eye.require_whole(names);
    eye.require_answers(names);
  }

  const std::vector<std::string> names{"a", "b", "c"};
  WholeNodes nodes;
  Onlooker eye{nodes};

 private:
  static std::string address_of(const std::string& name) {
    return loopback_address(name == "a" ? 0 : name == "b" ? 1 : 2);
  }
  [[nodiscard]] NodePlan plan(const std::string& name) const {
    NodePlan planned{.name = name, .address = address_of(name), .more = "[mesh]\nworkers = 1\n"};
    for (const std::string& other : names) {
      if (!one_seed_ || (name != "a" && other == "a")) planned.seeds.push_back(address_of(other));
    }
    return planned;
  }

  const bool one_seed_;
};

void restart_in_every_order(Trio& trio, int signal) {
  std::vector<std::string> order = trio.names;
  do {
    const std::string text = order[0] + order[1] + order[2];
    for (const std::string& name : order) {
      trio.end(name, signal);
      trio.start(name);
    }
    trio.require_well("started anew one by one: " + text);
    for (const std::string& name : order) trio.end(name, signal);
    for (const std::string& name : order) trio.start(name);
    trio.require_well("all ended, then started: " + text);
  } while (std::ranges::next_permutation(order).found);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(restarts)

BOOST_AUTO_TEST_CASE(nodes_that_know_all_seeds_are_killed_in_every_order) {
  Trio trio{false};
  restart_in_every_order(trio, SIGKILL);
}

// "a" knows nobody when it starts: the others must find it, also when it has said goodbye.
BOOST_AUTO_TEST_CASE(nodes_that_know_one_seed_end_and_are_killed_in_every_order) {
  Trio trio{true};
  restart_in_every_order(trio, SIGTERM);
  restart_in_every_order(trio, SIGKILL);
}

BOOST_AUTO_TEST_SUITE_END()
