// Agents of a cluster: found by name and type, started and stopped elsewhere, watched, and named in messages.
#include <future>
#include <set>

#include "clusters.hpp"

namespace myelin::test {

namespace {

using cluster::AgentAddress;
using cluster::AgentEnd;

constexpr auto kTick = [](samples::Tick::Builder tick) { tick.setValue(21); };

/// Fails when it is told anything.
class Fragile : public Agent {
 public:
  static void handlers(Handlers<Fragile>& on) { on.message<&Fragile::tick>(); }

 private:
  void tick(samples::Tick::Reader) { throw std::runtime_error{"broken"}; }
};

/// Monitors an agent; says when the question has arrived, and what came of it.
class Monitor : public Agent {
 public:
  Monitor(cluster::Cluster& cluster, AgentAddress address, std::promise<void>& arrived,
          std::promise<Result<AgentEnd>>& end)
      : cluster_{cluster}, address_{std::move(address)}, arrived_{arrived}, end_{end} {}

  void on_start() override {
    ask(cluster_.monitor(address_), kLimit, [this](Result<AgentEnd> end) { end_.set_value(std::move(end)); });
    // Asked behind it, of the same agent: answered when the first is there.
    const auto directory = cluster_.node().find(address_.node, "myelin.directory");
    ask<schema::AgentList>(
        *directory, [](schema::FindAgents::Builder) {}, kLimit,
        [this](const Result<Held<schema::AgentList>>&) { arrived_.set_value(); });
  }

 private:
  cluster::Cluster& cluster_;
  const AgentAddress address_;
  std::promise<void>& arrived_;
  std::promise<Result<AgentEnd>>& end_;
};

Result<AgentRef> spawn_sample(Mesh& mesh, std::string_view type, std::string_view settings) {
  if (type == "echo") return mesh.spawn<Echo>();
  if (type == "fragile") return mesh.spawn<Fragile>();
  return fail(Errc::not_found, "no type '" + std::string{type} + "', with " + std::string{settings});
}

struct Trio {
  Trio() {
    for (ClusterNode* node : {&a, &b, &c}) node->wait_up(3);
    for (const char* other : {"b", "c"}) require_success(a.cluster->node().wait_connected(other, kLimit));
    require_success(b.cluster->node().wait_connected("c", kLimit));
  }
  ClusterNode a{joining("a", {})};
  ClusterNode b{joining("b", {a.address()}), spawning(b)};
  ClusterNode c{joining("c", {a.address()}), spawning(c)};

  static cluster::ClusterOptions spawning(ClusterNode& node) {
    return {.spawn = [&node](std::string_view type, std::string_view settings) {
      return spawn_sample(node.mesh, type, settings);
    }};
  }
};

std::uint64_t answer_of(ClusterNode& from, const AgentRef& agent) {
  const auto answer = from.mesh.ask<samples::Tick>(agent, kTick, kLimit);
  require_success(answer);
  return (*answer)->getValue();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(agents)

BOOST_AUTO_TEST_CASE(an_agent_is_found_by_its_name_wherever_it_is) {
  Trio nodes;
  require_success(nodes.c.cluster->publish("echo", nodes.c.mesh.spawn<Echo>(), "echoes"));
  for (ClusterNode* node : {&nodes.a, &nodes.b, &nodes.c}) {
    const auto found = node->mesh.ask(node->cluster->find("echo"), kLimit);
    require_success(found);
    BOOST_TEST(answer_of(*node, *found) == 42U);
    BOOST_TEST(found->is_local() == (node == &nodes.c));
  }
  const auto nobody = nodes.a.mesh.ask(nodes.a.cluster->find("nobody"), kLimit);
  BOOST_TEST((!nobody && nobody.error().code == Errc::not_found));
  nodes.c.cluster->withdraw("echo");
  BOOST_TEST(!nodes.a.mesh.ask(nodes.a.cluster->find("echo"), kLimit).has_value());
}

BOOST_AUTO_TEST_CASE(agents_are_listed_by_type) {
  Trio nodes;
  require_success(nodes.a.cluster->publish("one", nodes.a.mesh.spawn<Echo>(), "echoes"));
  require_success(nodes.b.cluster->publish("two", nodes.b.mesh.spawn<Echo>(), "echoes"));
  require_success(nodes.b.cluster->publish("three", nodes.b.mesh.spawn<Fragile>(), "fragile"));
  const auto echoes = nodes.c.mesh.ask(nodes.c.cluster->list({}, "echoes"), kLimit);
  require_success(echoes);
  std::set<std::string> found;
  for (const cluster::ListedAgent& one : echoes->agents) found.insert(to_string(one.address) + " " + one.type);
  BOOST_TEST((found == std::set<std::string>{"a/one echoes", "b/two echoes"}));
  BOOST_TEST(echoes->unreachable.empty());
  const auto all = nodes.c.mesh.ask(nodes.c.cluster->list(), kLimit);
  require_success(all);
  BOOST_TEST(all->agents.size() == 3U);
}

BOOST_AUTO_TEST_CASE(an_agent_is_started_and_stopped_on_another_node) {
  Trio nodes;
  const auto made = nodes.a.mesh.ask(nodes.a.cluster->spawn("b", "echo", "parrot"), kLimit);
  require_success(made);
  BOOST_TEST(to_string(*made) == "b/parrot");
  const auto handle = nodes.a.cluster->resolve(*made);
  require_success(handle);
  BOOST_TEST(answer_of(nodes.a, *handle) == 42U);

  const auto again = nodes.c.mesh.ask(nodes.c.cluster->spawn("b", "echo", "parrot"), kLimit);
  BOOST_TEST((!again && again.error().code == Errc::invalid_argument));
  const auto unknown = nodes.a.mesh.ask(nodes.a.cluster->spawn("b", "sphinx", "", "{}"), kLimit);
  BOOST_TEST((!unknown && unknown.error().message.find("no type 'sphinx', with {}") != std::string::npos));
  const auto nothing = nodes.b.mesh.ask(nodes.b.cluster->spawn("a", "echo"), kLimit);
  BOOST_TEST((!nothing && nothing.error().code == Errc::not_found));

  require_success(nodes.c.mesh.ask(nodes.c.cluster->stop(*made), kLimit));
  BOOST_TEST(eventually([&] { return !nodes.a.mesh.ask(nodes.a.cluster->find("parrot"), kLimit).has_value(); }));
  const auto gone = nodes.c.mesh.ask(nodes.c.cluster->stop(*made), kLimit);
  BOOST_TEST((!gone && gone.error().code == Errc::not_found));
}

BOOST_AUTO_TEST_CASE(an_agents_end_is_told_to_who_monitors_it) {
  Trio nodes;
  const auto causes = [&](const AgentAddress& address, auto&& then) {
    std::promise<void> arrived;
    std::promise<Result<AgentEnd>> end;
    auto ended = end.get_future();
    nodes.a.mesh.spawn<Monitor>(*nodes.a.cluster, address, arrived, end);
    arrived.get_future().wait();
    then();
    Result<AgentEnd> outcome = ended.get();
    require_success(outcome);
    return *outcome;
  };
  const auto stopped = nodes.b.cluster->publish("stops", nodes.b.mesh.spawn<Echo>());
  require_success(stopped);
  BOOST_TEST((causes(*stopped, [&] {
                require_success(nodes.c.mesh.ask(nodes.c.cluster->stop(*stopped), kLimit));
              }).cause == AgentEnd::Cause::stopped));
  const AgentRef fragile = nodes.b.mesh.spawn<Fragile>();
  const auto failed = nodes.b.cluster->publish("fails", fragile);
  require_success(failed);
  const AgentEnd end = causes(*failed, [&] { nodes.b.mesh.tell(fragile, kTick); });
  BOOST_TEST((end.cause == AgentEnd::Cause::failed));
  BOOST_TEST(end.reason.find("broken") != std::string::npos, end.reason);
  BOOST_TEST((causes({"b", "nobody"}, [] {}).cause == AgentEnd::Cause::unknown));
  const auto lost = nodes.c.cluster->publish("lost", nodes.c.mesh.spawn<Echo>());
  require_success(lost);
  BOOST_TEST((causes(*lost, [&] { nodes.c.cluster.reset(); }).cause == AgentEnd::Cause::node_lost));
}

BOOST_AUTO_TEST_CASE(a_handle_survives_being_sent_in_a_message) {
  Trio nodes;
  const AgentRef echo = nodes.b.mesh.spawn<Echo>();
  const auto address = nodes.b.cluster->address_of(echo);
  require_success(address);
  BOOST_TEST(address->node == "b");
  const auto again = nodes.b.cluster->address_of(echo);
  require_success(again);
  BOOST_TEST((*again == *address));
  // As a message would carry it.
  const Frame letter = make_frame<schema::AgentAddress>(
      [&](schema::AgentAddress::Builder builder) { cluster::write_address(*address, builder); });
  const auto arrived = cluster::read_address(*Held<schema::AgentAddress>{letter});
  require_success(arrived);
  const auto handle = nodes.a.cluster->resolve(*arrived);
  require_success(handle);
  BOOST_TEST(answer_of(nodes.a, *handle) == 42U);
  // And on from there: the address of what is elsewhere is where it is.
  const auto passed_on = nodes.a.cluster->address_of(*handle);
  require_success(passed_on);
  BOOST_TEST((*passed_on == *address));
  const auto home = nodes.b.cluster->resolve(*passed_on);
  require_success(home);
  BOOST_TEST((*home == echo));
  BOOST_TEST(!nodes.a.cluster->address_of({}).has_value());
}

BOOST_AUTO_TEST_CASE(addresses_are_checked) {
  BOOST_TEST(to_string(*cluster::parse_address("north/greeter")) == "north/greeter");
  for (const char* bad : {"", "north", "/greeter", "north/", "no rth/greeter", "a/b/c"}) {
    BOOST_TEST_CONTEXT(bad) { BOOST_TEST(!cluster::parse_address(bad).has_value()); }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace myelin::test
