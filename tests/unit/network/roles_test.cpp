// Nodes, operators and those who may only look: who finds what.
#include "nodes.hpp"

namespace myelin::test {

namespace {

using network::Role;

constexpr auto kTick = [](samples::Tick::Builder tick) { tick.setValue(1); };

network::NodeOptions visitor(const std::string& name, Role role, bool tls, const network::Node& to) {
  network::NodeOptions options = options_of(name, false);
  options.listen = {};
  options.role = role;
  options.peers = {{to.name(), to.address()}};
  if (tls) {
    options.insecure = false;
    options.credentials = *network::make_credentials(authority(), "cluster", name, this_year(), role);
  }
  return options;
}

/// Which of the agents that `right` publishes is found by this name: the one that answers with 2, 4 or 6.
class Times : public Agent {
 public:
  explicit Times(std::uint64_t factor) : factor_{factor} {}
  static void handlers(Handlers<Times>& on) { on.message<&Times::tick>(); }

 private:
  void tick(samples::Tick::Reader tick, Reply<samples::Tick> reply) {
    reply.send([&](samples::Tick::Builder answer) { answer.setValue(factor_ * tick.getValue()); });
  }
  const std::uint64_t factor_;
};

std::string found_by(NodeFixture& who, const std::string& name) {
  require_success(who.node->wait_connected("right", kLimit));
  const auto answer = who.ask<samples::Tick>(who.find("right", name), kTick);
  return answer ? std::to_string((*answer)->getValue()) : std::string{to_string(answer.error().code)};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(roles)

BOOST_AUTO_TEST_CASE(a_certificate_says_the_role) {
  for (const Role role : {Role::node, Role::operator_, Role::read_only}) {
    const auto credentials = network::make_credentials(authority(), "cluster", "ada", this_year(), role);
    require_success(credentials);
    const auto said = network::role_of(*credentials);
    require_success(said);
    BOOST_TEST((*said == role));
    BOOST_TEST(*network::node_of(*credentials) == "ada");
    BOOST_TEST((*network::parse_role(to_string(role)) == role));
  }
  BOOST_TEST((network::parse_role("root").error().code == Errc::invalid_argument));
}

BOOST_AUTO_TEST_CASE(each_role_finds_what_is_published_for_it) {
  for (const bool tls : {false, true}) {
    NodeFixture right{options_of("right", tls)};
    require_success(right.node->publish("agent", right.mesh.spawn<Times>(2)));
    require_success(right.node->publish_for(Role::operator_, "agent", right.mesh.spawn<Times>(3)));
    require_success(right.node->publish_for(Role::read_only, "agent", right.mesh.spawn<Times>(4)));
    require_success(right.node->publish("nodes-only", right.mesh.spawn<Times>(5)));
    BOOST_TEST((right.node->publish_for(Role::operator_, "agent", right.mesh.spawn<Times>(3)).error().code ==
                Errc::invalid_argument));

    NodeFixture node{visitor("left", Role::node, tls, *right.node)};
    NodeFixture operates{visitor("ada", Role::operator_, tls, *right.node)};
    NodeFixture looks{visitor("bob", Role::read_only, tls, *right.node)};
    BOOST_TEST(found_by(node, "agent") == "2");
    BOOST_TEST(found_by(operates, "agent") == "3");
    BOOST_TEST(found_by(looks, "agent") == "4");
    BOOST_TEST(found_by(node, "nodes-only") == "5");
    BOOST_TEST(found_by(operates, "nodes-only") == "not_found");
    BOOST_TEST(found_by(looks, "nodes-only") == "not_found");
  }
}

BOOST_AUTO_TEST_CASE(an_operator_of_a_nodes_name_is_not_taken_for_it) {
  NodeFixture right{options_of("right", true)};
  require_success(right.node->publish_to("left", "secret", right.mesh.spawn<Times>(2)));
  NodeFixture node{visitor("left", Role::node, true, *right.node)};
  BOOST_TEST(found_by(node, "secret") == "2");
  NodeFixture impostor{visitor("left", Role::operator_, true, *right.node)};
  BOOST_TEST(found_by(impostor, "secret") == "not_found");
  // Nor does the real one lose its connection.
  BOOST_TEST(found_by(node, "secret") == "2");
  BOOST_TEST(node.node->peers().front().connections == 1U);
}

BOOST_AUTO_TEST_CASE(who_says_more_than_his_certificate_is_refused) {
  NodeFixture right{options_of("right", true)};
  network::NodeOptions options = visitor("bob", Role::read_only, true, *right.node);
  options.role = Role::operator_;  // no matter: the certificate decides
  NodeFixture looks{options};
  require_success(right.node->publish_for(Role::operator_, "agent", right.mesh.spawn<Times>(3)));
  BOOST_TEST(found_by(looks, "agent") == "not_found");
}

BOOST_AUTO_TEST_CASE(tools_of_one_name_are_connected_at_once_and_forgotten_when_they_go) {
  NodeFixture right{options_of("right", true)};
  require_success(right.node->publish_for(Role::operator_, "agent", right.mesh.spawn<Times>(3)));
  {
    NodeFixture one{visitor("ada", Role::operator_, true, *right.node)};
    NodeFixture other{visitor("ada", Role::operator_, true, *right.node)};
    for (NodeFixture* tool : {&one, &other, &one}) BOOST_TEST(found_by(*tool, "agent") == "3");
    BOOST_TEST(one.node->peers().front().connections == 1U);
    BOOST_TEST(right.node->peers().size() == 2U);
  }
  BOOST_TEST(eventually([&] { return right.node->peers().empty(); }));
}

BOOST_AUTO_TEST_CASE(a_tool_is_no_node_to_be_dialled) {
  network::NodeOptions listening = options_of("right", true);
  listening.credentials = *network::make_credentials(authority(), "cluster", "right", this_year(), Role::operator_);
  NodeFixture right{listening};
  network::NodeOptions dialling = options_of("left", true);
  dialling.peers = {{"right", right.node->address()}};
  NodeFixture left{dialling};
  std::string why;
  BOOST_REQUIRE(eventually([&] { return !(why = left.node->peers().front().last_error).empty(); }));
  BOOST_TEST(why.find("operator 'right' answers where a node should") != std::string::npos, why);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace myelin::test
