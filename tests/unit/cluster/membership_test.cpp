// Nodes that join, leave, end and come back, over loopback.
#include "clusters.hpp"

namespace myelin::test {

namespace {

using cluster::MemberState;

std::string name(std::size_t i) { return "node" + std::to_string(i); }

}  // namespace

BOOST_AUTO_TEST_SUITE(membership)

BOOST_AUTO_TEST_CASE(nodes_that_know_one_seed_find_all_others) {
  for (const bool tls : {false, true}) {
    constexpr std::size_t kNodes = 5;
    std::vector<std::unique_ptr<ClusterNode>> nodes;
    for (std::size_t i = 0; i < kNodes; ++i) {
      std::vector<std::string> seeds;
      if (i > 0) seeds = {nodes.front()->address()};
      nodes.push_back(std::make_unique<ClusterNode>(joining(name(i), seeds, tls),
                                                    cluster::ClusterOptions{.tags = {"tag" + std::to_string(i)}}));
    }
    for (const auto& node : nodes) {
      node->wait_up(kNodes);
      // One connection with each: not only by way of others.
      for (std::size_t i = 0; i < kNodes; ++i) {
        if (name(i) != node->cluster->node().name()) {
          require_success(node->cluster->node().wait_connected(name(i), kLimit));
        }
      }
    }
    // The same on all, but for who is connected to whom, which settles later.
    BOOST_REQUIRE(eventually([&] {
      return std::all_of(nodes.begin(), nodes.end(),
                         [&](const auto& node) { return *node->cluster->view() == *nodes[0]->cluster->view(); });
    }));
    BOOST_TEST(nodes[1]->cluster->view()->find(name(3))->tags.front() == "tag3");
    BOOST_TEST(nodes[1]->cluster->view()->find(name(3))->address == nodes[3]->address());
  }
}

BOOST_AUTO_TEST_CASE(a_node_that_leaves_is_known_to_have_and_is_not_dialled) {
  ClusterNode a{joining("a", {})};
  ClusterNode b{joining("b", {a.address()})};
  std::optional<ClusterNode> c;
  c.emplace(joining("c", {a.address()}));
  for (ClusterNode* node : {&a, &b, &*c}) node->wait_up(3);
  c->cluster->leave();
  c.reset();
  a.wait_state("c", MemberState::left);
  b.wait_state("c", MemberState::left);
  BOOST_TEST(a.cluster->view()->count(MemberState::up) == 2U);
  // And taken in again when it starts anew.
  c.emplace(joining("c", {b.address()}));
  for (ClusterNode* node : {&a, &b, &*c}) node->wait_up(3);
}

BOOST_AUTO_TEST_CASE(a_node_that_ends_without_a_word_is_down_and_comes_back) {
  ClusterNode a{joining("a", {})};
  std::optional<ClusterNode> b;
  b.emplace(joining("b", {a.address()}));
  a.wait_up(2);
  const std::uint64_t before = a.cluster->view()->find("b")->incarnation;
  const std::string address = b->address();
  b.reset();
  a.wait_state("b", MemberState::down);
  // It need not know anybody: it is known, and dialled.
  network::NodeOptions again = options_of("b", false);
  again.listen = address;
  b.emplace(again);
  a.wait_up(2);
  b->wait_up(2);
  require_success(
      a.cluster->wait([&](const cluster::View& view) { return view.find("b")->incarnation > before; }, kLimit));
}

BOOST_AUTO_TEST_CASE(an_operator_is_no_member) {
  ClusterNode a{joining("a", {}, true)};
  network::NodeOptions options = options_of("ada", false);
  options.insecure = false;
  options.listen = {};
  options.seeds = {a.address()};
  options.credentials =
      *network::make_credentials(authority(), "cluster", "ada", this_year(), network::Role::operator_);
  NodeFixture ada{options};
  require_success(ada.node->wait_connected("a", kLimit));
  const auto answer = ada.ask<schema::AgentList>(ada.find("a", "myelin.directory"), [](schema::FindAgents::Builder) {});
  BOOST_TEST((!answer && answer.error().code == Errc::not_found));
  BOOST_TEST(a.cluster->view()->members.size() == 1U);
}

BOOST_AUTO_TEST_CASE(views_are_told_one_after_another) {
  std::mutex mutex;
  std::vector<std::size_t> sizes;
  ClusterNode a{joining("a", {}), {.on_view = [&](const cluster::View& view) {
                  const std::lock_guard guard{mutex};
                  sizes.push_back(view.count(MemberState::up));
                }}};
  {
    ClusterNode b{joining("b", {a.address()})};
    a.wait_up(2);
  }
  a.wait_up(1);
  a.cluster.reset();
  const std::lock_guard guard{mutex};
  BOOST_REQUIRE(sizes.size() >= 2U);
  BOOST_TEST(sizes.back() == 1U);
  BOOST_TEST(*std::max_element(sizes.begin(), sizes.end()) == 2U);
}

BOOST_AUTO_TEST_CASE(tags_out_of_bounds_are_an_error) {
  Mesh mesh{{.workers = 1}};
  const auto joined = cluster::Cluster::join(mesh, options_of("a", false), {.tags = {""}});
  BOOST_TEST((!joined && joined.error().code == Errc::invalid_argument));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace myelin::test
