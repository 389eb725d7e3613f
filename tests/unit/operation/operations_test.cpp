// Operators who ask one node about all of them, and those who may only look.
#include "myelin/operation/operations.hpp"
#include "clusters.hpp"
#include "myelin/operation.capnp.h"
#include "myelin/plugin/agent_types.hpp"

namespace myelin::test {

namespace {

using network::Role;

/// A node of a cluster that operators can ask. Its types of agents: "echo".
struct OperatedNode {
  OperatedNode(const std::string& name, std::vector<std::string> seeds)
      : node{joining(name, std::move(seeds), true), spawning()} {
    require_success(types.add<Echo>("echo"));
    log->add(name + " has begun");
    auto started = operation::Operations::start(node.mesh, *node.cluster, {"cluster", &types, log});
    require_success(started);
    operations.emplace(std::move(*started));
  }
  cluster::ClusterOptions spawning() {
    return {.spawn = [this](std::string_view type, std::string_view settings) -> Result<AgentRef> {
      const auto found = types.find(type);
      if (!found) return tl::unexpected{found.error()};
      const auto parsed = plugin::AgentSettings::parse(settings.empty() ? "{}" : settings);
      if (!parsed) return tl::unexpected{parsed.error()};
      return (*found)->spawn(node.mesh, *parsed);
    }};
  }

  plugin::AgentTypes types;
  std::shared_ptr<operation::LogBook> log = std::make_shared<operation::LogBook>();
  ClusterNode node;
  std::optional<operation::Operations> operations;
};

/// Somebody with a certificate, connected to one node.
struct Person {
  Person(Role role, OperatedNode& to) : fixture{options(role, to)} {
    require_success(fixture.node->wait_connected(to.node.cluster->node().name(), kLimit));
    operations = fixture.find(to.node.cluster->node().name(), operation::kOperationsName);
  }
  static network::NodeOptions options(Role role, OperatedNode& to) {
    network::NodeOptions options = options_of("ada", false);
    options.insecure = false;
    options.listen = {};
    options.seeds = {to.node.address()};
    options.credentials = *network::make_credentials(authority(), "cluster", "ada", this_year(), role);
    return options;
  }
  template <class Answer, class Fill>
  Result<Held<Answer>> ask(Fill&& fill) {
    return fixture.ask<Answer>(operations, std::forward<Fill>(fill));
  }
  Result<std::string> ask_agent(const std::string& node, const std::string& name, const std::string& message,
                                const std::string& json, bool tell = false) {
    const auto answer = ask<schema::AskAnswer>([&](schema::AskRequest::Builder request) {
      request.setNode(node);
      request.setName(name);
      request.setMessage(message);
      request.setJson(json);
      request.setTell(tell);
    });
    if (!answer) return tl::unexpected{answer.error()};
    return std::string{(*answer)->getMessage().cStr()} + " " + (*answer)->getJson().cStr();
  }

  NodeFixture fixture;
  AgentRef operations;
};

struct Pair {
  Pair() {
    for (OperatedNode* one : {&north, &south}) one->node.wait_up(2);
    require_success(north.node.cluster->node().wait_connected("south", kLimit));
  }
  OperatedNode north{"north", {}};
  OperatedNode south{"south", {north.node.address()}};
};

std::string cause(const auto& result) { return result ? "" : std::string{to_string(result.error().code)}; }

}  // namespace

BOOST_AUTO_TEST_SUITE(operations)

BOOST_AUTO_TEST_CASE(a_node_tells_how_it_is_and_how_others_are) {
  Pair nodes;
  Person ada{Role::operator_, nodes.north};
  for (const char* asked : {"", "north", "south"}) {
    const auto answer =
        ada.ask<schema::NodeStatus>([&](schema::StatusRequest::Builder request) { request.setNode(asked); });
    require_success(answer);
    const schema::NodeStatus::Reader status = **answer;
    BOOST_TEST((status.getNode() == (std::string_view{asked} == "south" ? "south" : "north")));
    BOOST_TEST((status.getCluster() == "cluster"));
    BOOST_TEST(status.getMembers().size() == 2U);
    BOOST_TEST(status.getAgentsRunning() >= 5U);
    BOOST_TEST(status.getResidentBytes() > 0U);
    BOOST_TEST(status.getUptime() > 0);
    BOOST_REQUIRE(status.getTypes().size() == 1U);
    BOOST_TEST((status.getTypes()[0] == "echo"));
  }
  const auto nobody =
      ada.ask<schema::NodeStatus>([](schema::StatusRequest::Builder request) { request.setNode("west"); });
  BOOST_TEST((!nobody && nobody.error().code == Errc::not_found));
  BOOST_TEST(nobody.error().message.find("north, south") != std::string::npos, nobody.error().message);
}

BOOST_AUTO_TEST_CASE(agents_are_started_asked_and_stopped_through_another_node) {
  Pair nodes;
  Person ada{Role::operator_, nodes.north};
  const auto made = ada.ask<schema::AgentAddress>([](schema::SpawnRequest::Builder request) {
    request.setNode("south");
    request.setType("echo");
    request.setName("parrot");
  });
  require_success(made);
  const auto list = ada.ask<schema::AgentList>([](schema::ListRequest::Builder) {});
  require_success(list);
  BOOST_REQUIRE((*list)->getAgents().size() == 1U);
  BOOST_TEST(((*list)->getAgents()[0].getAddress().getNode() == "south"));
  BOOST_TEST(((*list)->getAgents()[0].getType() == "echo"));

  const auto info = ada.ask<schema::AgentInfo>([](schema::AgentRequest::Builder request) {
    request.setNode("south");
    request.setName("parrot");
  });
  require_success(info);
  BOOST_REQUIRE((*info)->getHandlers().size() == 2U);
  BOOST_TEST(((*info)->getHandlers()[1].getMessage() == "Tick"));
  BOOST_TEST(((*info)->getHandlers()[1].getAnswer() == "Tick"));

  const auto answer = ada.ask_agent("south", "parrot", "Tick", R"({"value": 21})");
  require_success(answer);
  BOOST_TEST(*answer == R"(Tick {"value":"42"})");
  require_success(ada.ask_agent("south", "parrot", "Tick", "{}", true));
  BOOST_TEST(cause(ada.ask_agent("south", "nobody", "Tick", "{}")) == "not_found");
  const auto typo = ada.ask_agent("south", "parrot", "Tik", "{}");
  BOOST_REQUIRE(!typo.has_value());
  BOOST_TEST(typo.error().message.find("did you mean 'Tick'?") != std::string::npos, typo.error().message);
  BOOST_TEST(cause(ada.ask_agent("south", "parrot", "", "{}")) == "invalid_argument");  // it takes two
  const auto wrong = ada.ask_agent("south", "parrot", "Tick", R"({"valu": 1})");
  BOOST_REQUIRE(!wrong.has_value());
  BOOST_TEST(wrong.error().message.find("valu") != std::string::npos, wrong.error().message);

  require_success(ada.ask<schema::StopDone>([](schema::StopRequest::Builder request) {
    request.setNode("south");
    request.setName("parrot");
  }));
  BOOST_TEST(eventually([&] {
    const auto now = ada.ask<schema::AgentList>([](schema::ListRequest::Builder) {});
    return now && (*now)->getAgents().size() == 0;
  }));
}

BOOST_AUTO_TEST_CASE(who_may_only_look_changes_nothing) {
  Pair nodes;
  require_success(nodes.south.node.cluster->publish("parrot", nodes.south.node.mesh.spawn<Echo>(), "echo"));
  Person bob{Role::read_only, nodes.north};
  require_success(bob.ask<schema::NodeStatus>([](schema::StatusRequest::Builder) {}));
  require_success(
      bob.ask<schema::NodeStatus>([](schema::StatusRequest::Builder request) { request.setNode("south"); }));
  require_success(bob.ask<schema::AgentList>([](schema::ListRequest::Builder) {}));
  require_success(bob.ask<schema::LogPage>([](schema::LogRequest::Builder request) { request.setLinesMax(10); }));
  require_success(bob.ask<schema::AgentInfo>([](schema::AgentRequest::Builder request) {
    request.setNode("south");
    request.setName("parrot");
  }));
  for (const char* node : {"north", "south"}) {
    BOOST_TEST(cause(bob.ask_agent(node, "parrot", "Tick", "{}")) == "access_denied");
    BOOST_TEST(cause(bob.ask_agent(node, "parrot", "Tick", "{}", true)) == "access_denied");
    BOOST_TEST(cause(bob.ask<schema::StopDone>([&](schema::StopRequest::Builder request) {
                 request.setNode(node);
                 request.setName("parrot");
               })) == "access_denied");
    BOOST_TEST(cause(bob.ask<schema::AgentAddress>([&](schema::SpawnRequest::Builder request) {
                 request.setNode(node);
                 request.setType("echo");
               })) == "access_denied");
  }
}

BOOST_AUTO_TEST_CASE(logs_are_read_page_by_page) {
  Pair nodes;
  Person ada{Role::operator_, nodes.north};
  const auto read = [&](std::uint64_t after) {
    auto page = ada.ask<schema::LogPage>([&](schema::LogRequest::Builder request) {
      request.setNode("south");
      request.setAfter(after);
      request.setLinesMax(100);
    });
    require_success(page);
    return std::move(*page);
  };
  const auto first = read(0);
  BOOST_REQUIRE(first->getLines().size() == 1U);
  BOOST_TEST((first->getLines()[0] == "south has begun"));
  nodes.south.log->add("more");
  const auto second = read(first->getLast());
  BOOST_REQUIRE(second->getLines().size() == 1U);
  BOOST_TEST((second->getLines()[0] == "more"));
}

BOOST_AUTO_TEST_CASE(a_node_that_is_gone_is_said_to_be) {
  Pair nodes;
  Person ada{Role::operator_, nodes.north};
  nodes.south.operations.reset();
  nodes.south.node.cluster.reset();
  nodes.north.node.wait_state("south", cluster::MemberState::down);
  const auto answer =
      ada.ask<schema::NodeStatus>([](schema::StatusRequest::Builder request) { request.setNode("south"); });
  BOOST_TEST((!answer && answer.error().code == Errc::unreachable));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace myelin::test
