// Nodes that are found by an address alone, and nodes that are forgotten again.
#include <algorithm>
#include <future>
#include <mutex>
#include <utility>
#include <vector>

#include "nodes.hpp"

namespace myelin::test {

namespace {

constexpr auto kTick = [](samples::Tick::Builder tick) { tick.setValue(1); };

network::NodeOptions with_seeds(const std::string& name, std::vector<std::string> seeds, bool tls = false) {
  network::NodeOptions options = options_of(name, tls);
  options.seeds = std::move(seeds);
  return options;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(seeds)

BOOST_AUTO_TEST_CASE(whoever_answers_at_a_seed_is_talked_to) {
  for (const bool tls : {false, true}) {
    NodeFixture right{options_of("right", tls)};
    NodeFixture left{with_seeds("left", {right.node->address()}, tls)};
    require_success(left.node->wait_connected("right", kLimit));
    require_success(right.node->publish("echo", right.mesh.spawn<Echo>()));
    require_success(left.ask<samples::Tick>(left.find("right", "echo"), kTick));
    BOOST_REQUIRE(left.node->seeds().size() == 1U);
    BOOST_TEST(left.node->seeds().front().node == "right");
    BOOST_TEST(left.node->seeds().front().last_error == "");
    BOOST_TEST(left.node->peers().front().set_up.count() > 0);
    BOOST_TEST(left.node->peers().front().frames_sent == 1U);
  }
}

BOOST_AUTO_TEST_CASE(a_seed_that_is_not_there_yet_is_found_later_and_another_node_in_its_place_too) {
  std::string address;
  {
    NodeFixture first{options_of("first", true)};
    address = first.node->address();
    NodeFixture left{with_seeds("left", {address}, true)};
    require_success(left.node->wait_connected("first", kLimit));
  }
  NodeFixture left{with_seeds("left", {address}, true)};
  BOOST_TEST(eventually([&] { return !left.node->seeds().front().last_error.empty(); }));
  network::NodeOptions second = options_of("second", true);
  second.listen = address;
  std::optional<NodeFixture> other;
  other.emplace(second);
  require_success(left.node->wait_connected("second", kLimit));
  other.reset();
  network::NodeOptions third = options_of("third", true);
  third.listen = address;
  other.emplace(third);
  require_success(left.node->wait_connected("third", kLimit));
}

BOOST_AUTO_TEST_CASE(a_node_that_is_its_own_seed_does_not_go_on_dialling_itself) {
  NodeFixture right{options_of("right", true)};
  // "localhost" is resolved, so that the node does not see at once that it is meant.
  network::NodeOptions options = options_of("left", true);
  NodeFixture probe{options};
  const std::string address = probe.node->address();
  const std::string port = address.substr(address.rfind(':'));
  probe.node.reset();
  options.listen = address;
  options.seeds = {"localhost" + port, right.node->address()};
  NodeFixture left{options};
  require_success(left.node->wait_connected("right", kLimit));
  BOOST_TEST(eventually([&] { return left.node->seeds().size() == 1U; }));
  BOOST_TEST(left.node->seeds().front().node == "right");
}

BOOST_AUTO_TEST_CASE(seeds_that_are_no_addresses_are_refused) {
  Mesh mesh{{.workers = 1}};
  for (const char* seed : {"", "nowhere", "127.0.0.1:99999"}) {
    const auto started = network::Node::start(mesh, with_seeds("left", {seed}));
    BOOST_TEST_CONTEXT(seed) { BOOST_TEST((!started && started.error().code == Errc::invalid_argument)); }
  }
}

BOOST_AUTO_TEST_CASE(nodes_that_dial_each_other_at_once_lose_nothing) {
  // The one dials an address, and does not know whose; the other dials it by its name.
  for (const auto& [seeded, named] : {std::pair{"left", "right"}, std::pair{"right", "left"}}) {
    for (int i = 0; i < 50; ++i) {
      NodeFixture by_name{options_of(named, i % 2 == 0)};
      require_success(by_name.node->publish("echo", by_name.mesh.spawn<Echo>()));
      NodeFixture by_seed{with_seeds(seeded, {by_name.node->address()}, i % 2 == 0)};
      require_success(by_name.node->add_peer({seeded, by_seed.node->address()}));
      require_success(by_seed.node->publish("echo", by_seed.mesh.spawn<Echo>()));
      const AgentRef from_name = by_name.find(seeded, "echo");
      const AgentRef from_seed = by_seed.find(named, "echo");
      const auto ask_of = [](NodeFixture& from, const AgentRef& echo, const std::string& there) {
        Result<void> done = from.node->wait_connected(there, kLimit);
        for (int question = 0; done && question < 20; ++question) {
          if (const auto answer = from.ask<samples::Tick>(echo, kTick); !answer) done = tl::unexpected{answer.error()};
        }
        return done ? std::string{} : done.error().message;
      };
      auto other = std::async(std::launch::async, [&] { return ask_of(by_name, from_name, seeded); });
      BOOST_TEST(ask_of(by_seed, from_seed, named) == "");
      BOOST_TEST(other.get() == "");
      BOOST_TEST(by_seed.node->peers().front().connections == 1U);
      BOOST_TEST(by_name.node->peers().front().connections == 1U);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_seed_of_a_node_that_is_connected_already_is_known_and_left_alone) {
  NodeFixture right{options_of("right", true)};
  // Two addresses of one node: whichever is second leads to a connection that there is.
  const std::string address = right.node->address();
  NodeFixture left{with_seeds("left", {address, "localhost" + address.substr(address.rfind(':'))}, true)};
  const auto known = [&] {
    return std::ranges::all_of(left.node->seeds(), [](const network::SeedStatus& seed) {
      return seed.node == "right" && seed.last_error.empty();
    });
  };
  BOOST_TEST(eventually(known));
  // Longer than several attempts would take.
  std::this_thread::sleep_for(std::chrono::milliseconds{300});
  BOOST_TEST(known());
  BOOST_TEST(left.node->peers().front().connections == 1U);
  BOOST_TEST(right.node->peers().front().connections == 1U);
}

BOOST_AUTO_TEST_CASE(changes_are_told_in_their_order) {
  std::mutex mutex;
  std::vector<std::string> seen;
  network::NodeOptions options = options_of("right", true);
  options.on_change = [&](const network::PeerStatus& status) {
    const std::lock_guard guard{mutex};
    seen.push_back((status.connected ? "+" : "-") + status.node);
  };
  const auto count = [&] {
    const std::lock_guard guard{mutex};
    return seen.size();
  };
  NodeFixture right{options};
  {
    NodeFixture left{with_seeds("left", {right.node->address()}, true)};
    BOOST_REQUIRE(eventually([&] { return count() == 1; }));
  }
  BOOST_REQUIRE(eventually([&] { return count() == 2; }));
  const std::lock_guard guard{mutex};
  BOOST_TEST((seen == std::vector<std::string>{"+left", "-left"}));
}

BOOST_AUTO_TEST_CASE(a_node_that_is_forgotten_is_dialled_no_more) {
  PairFixture nodes{true};
  require_success(nodes.right.node->publish("echo", nodes.right.mesh.spawn<Echo>()));
  const AgentRef echo = nodes.left.find("right", "echo");
  nodes.left.node->forget_peer("right");
  nodes.left.node->forget_peer("nobody");
  BOOST_REQUIRE(eventually([&] { return !nodes.left.node->peers().front().connected; }));
  BOOST_REQUIRE(eventually([&] { return !nodes.right.node->peers().front().connected; }));
  // Longer than several attempts would take: one that came would be counted.
  std::this_thread::sleep_for(std::chrono::milliseconds{300});
  BOOST_TEST(nodes.left.node->peers().front().connections == 1U);
  const auto answer = nodes.left.ask<samples::Tick>(echo, kTick);
  BOOST_TEST((!answer && answer.error().code == Errc::unreachable));
  // The handle is of use again when the node is known again.
  require_success(nodes.left.node->add_peer({"right", nodes.right.node->address()}));
  require_success(nodes.left.node->wait_connected("right", kLimit));
  require_success(nodes.left.ask<samples::Tick>(echo, kTick));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace myelin::test
