// One handle for agents on several nodes: who gets what.
#include "myelin/cluster/balancer.hpp"

#include <atomic>
#include <future>

#include "clusters.hpp"

namespace myelin::test {

namespace {

constexpr auto kTick = [](samples::Tick::Builder tick) { tick.setValue(1); };

/// Answers each tick with its own number; keeps the answers back while it is held.
class Numbered : public Agent {
 public:
  struct State {
    std::atomic<bool> held{false};
    std::atomic<int> taken{0};
  };
  Numbered(std::uint64_t number, std::shared_ptr<State> state) : number_{number}, state_{std::move(state)} {}
  static void handlers(Handlers<Numbered>& on) { on.message<&Numbered::tick>(); }

 private:
  Task<samples::Tick> tick(Held<samples::Tick>) {
    ++state_->taken;
    while (state_->held) co_await sleep(std::chrono::milliseconds{1});
    const std::uint64_t number = number_;
    co_return [number](samples::Tick::Builder answer) { answer.setValue(number); };
  }
  const std::uint64_t number_;
  const std::shared_ptr<State> state_;
};

/// Nodes 0, 1, 2; each but the first has a worker.
struct Workers {
  explicit Workers(std::vector<std::string> tags_of_2 = {}) {
    nodes[0] = std::make_unique<ClusterNode>(joining("n0", {}));
    nodes[1] = std::make_unique<ClusterNode>(joining("n1", {nodes[0]->address()}));
    nodes[2] = std::make_unique<ClusterNode>(joining("n2", {nodes[0]->address()}),
                                             cluster::ClusterOptions{.tags = std::move(tags_of_2)});
    for (std::size_t i = 1; i < 3; ++i) {
      states[i] = std::make_shared<Numbered::State>();
      require_success(nodes[i]->cluster->publish("worker", nodes[i]->mesh.spawn<Numbered>(i, states[i]), "numbered"));
    }
    for (const auto& node : nodes) node->wait_up(3);
    for (const char* other : {"n1", "n2"}) require_success(nodes[0]->cluster->node().wait_connected(other, kLimit));
  }
  AgentRef balancer(std::string prefer = {}, Duration refresh = std::chrono::milliseconds{20}) {
    return nodes[0]->mesh.spawn<cluster::Balancer>(
        nodes[0]->cluster->directory(),
        cluster::BalancerOptions{.name = "worker", .prefer_tag = std::move(prefer), .refresh = refresh});
  }
  Result<std::uint64_t> ask(const AgentRef& balancer, Duration limit = kLimit) {
    const auto answer = nodes[0]->mesh.ask<samples::Tick>(balancer, kTick, limit);
    if (!answer) return tl::unexpected{answer.error()};
    return (*answer)->getValue();
  }
  /// Until both workers were asked by it.
  void wait_both(const AgentRef& balancer) {
    BOOST_REQUIRE(eventually([&] {
      require_success(ask(balancer));
      return states[1]->taken > 0 && states[2]->taken > 0;
    }));
  }

  std::array<std::unique_ptr<ClusterNode>, 3> nodes;
  std::array<std::shared_ptr<Numbered::State>, 3> states;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(balancer)

BOOST_AUTO_TEST_CASE(those_that_are_alike_take_turns_and_who_is_busy_is_spared) {
  Workers workers;
  // It looks once, while nothing waits: then only what it has put itself counts.
  const AgentRef balancer = workers.balancer({}, std::chrono::hours{1});
  workers.wait_both(balancer);
  const Result<std::uint64_t> first = workers.ask(balancer);
  require_success(first);
  const std::uint64_t other = 3 - *first;
  // One keeps a question: from then on the other one has less to do.
  workers.states[*first]->held = true;
  std::vector<std::future<Result<std::uint64_t>>> stuck;
  for (int kept = workers.states[*first]->taken + 1; workers.states[*first]->taken < kept;) {
    const int taken = workers.states[*first]->taken;
    stuck.push_back(std::async(std::launch::async, [&] { return workers.ask(balancer); }));
    BOOST_REQUIRE(eventually([&] {
      return workers.states[*first]->taken > taken ||
             stuck.back().wait_for(std::chrono::seconds{0}) == std::future_status::ready;
    }));
  }
  for (int i = 0; i < 50; ++i) {
    const Result<std::uint64_t> answer = workers.ask(balancer);
    require_success(answer);
    BOOST_TEST(*answer == other);
  }
  workers.states[*first]->held = false;
  for (auto& one : stuck) require_success(one.get());
}

BOOST_AUTO_TEST_CASE(nodes_with_the_tag_come_first_while_there_are_any) {
  Workers workers{{"gpu"}};
  const AgentRef balancer = workers.balancer("gpu");
  for (int i = 0; i < 20; ++i) {
    const Result<std::uint64_t> answer = workers.ask(balancer);
    require_success(answer);
    BOOST_TEST(*answer == 2U);
  }
  workers.nodes[2]->cluster.reset();
  workers.nodes[0]->wait_state("n2", cluster::MemberState::down);
  const Result<std::uint64_t> answer = workers.ask(balancer);
  require_success(answer);
  BOOST_TEST(*answer == 1U);
}

BOOST_AUTO_TEST_CASE(what_comes_before_anybody_is_there_waits) {
  ClusterNode node{joining("n0", {})};
  const AgentRef balancer = node.mesh.spawn<cluster::Balancer>(
      node.cluster->directory(),
      cluster::BalancerOptions{.type = "numbered", .refresh = std::chrono::milliseconds{10}});
  auto waiting = std::async(std::launch::async, [&] { return node.mesh.ask<samples::Tick>(balancer, kTick, kLimit); });
  const auto none = node.mesh.ask<samples::Tick>(balancer, kTick, std::chrono::milliseconds{50});
  BOOST_TEST((!none && (none.error().code == Errc::timeout || none.error().code == Errc::not_found)));
  const auto state = std::make_shared<Numbered::State>();
  require_success(node.cluster->publish("late", node.mesh.spawn<Numbered>(7, state), "numbered"));
  const auto answer = waiting.get();
  require_success(answer);
  BOOST_TEST((*answer)->getValue() == 7U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace myelin::test
