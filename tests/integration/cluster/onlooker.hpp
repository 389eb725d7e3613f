/// A person with a tool, connected to each node of a cluster, whatever the nodes see of each other.
#pragma once

#include <boost/test/unit_test.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "expect_success.hpp"
#include "myelin/actors/mesh.hpp"
#include "myelin/network/node.hpp"
#include "myelin/operation.capnp.h"
#include "whole_nodes.hpp"

namespace myelin::test {

/// **Thread-safety**: ask() and status() are thread-safe.
class Onlooker {
 public:
  explicit Onlooker(WholeNodes& nodes) {
    network::NodeOptions options{.cluster = "cluster", .name = "ada", .listen = {}};
    options.credentials = nodes.credentials("ada", network::Role::operator_);
    // He has nothing else to do than to look again.
    options.set_up_max = std::chrono::seconds{2};
    options.redial_max = std::chrono::milliseconds{100};
    auto started = network::Node::start(mesh_, options);
    require_success(started);
    node_.emplace(*std::move(started));
  }

  /// From now on.
  void look_at(const std::string& node, const std::string& address) {
    require_success(node_->add_peer({node, address}));
  }
  [[nodiscard]] Mesh& mesh() { return mesh_; }
  /// The node's agent for operators.
  [[nodiscard]] AgentRef operations_of(const std::string& node) {
    auto found = node_->find(node, "myelin.operations");
    require_success(found);
    return *found;
  }

  /// Nothing if it does not answer soon.
  [[nodiscard]] std::optional<Held<schema::NodeStatus>> status(const std::string& node) {
    const auto found = node_->find(node, "myelin.operations");
    if (!found) return std::nullopt;
    auto answer = mesh_.ask<schema::NodeStatus>(
        *found, [](schema::StatusRequest::Builder) {}, std::chrono::seconds{5});
    if (!answer) return std::nullopt;
    return *std::move(answer);
  }
  /// Asks an agent of `node` by way of `via`, which passes it on.
  [[nodiscard]] Result<std::string> ask(const std::string& via, const std::string& node, const std::string& agent,
                                        const std::string& text, Duration limit = std::chrono::seconds{30}) {
    const auto found = node_->find(via, "myelin.operations");
    if (!found) return tl::unexpected{found.error()};
    const auto answer = mesh_.ask<schema::AskAnswer>(
        *found,
        [&](schema::AskRequest::Builder request) {
          request.setNode(node);
          request.setName(agent);
          request.setJson(nlohmann::json{{"name", text}}.dump());
        },
        limit);
    if (!answer) return tl::unexpected{answer.error()};
    return nlohmann::json::parse(std::string{(*answer)->getJson().cStr()}).at("text").get<std::string>();
  }

  /// What `node` sees of `other`: "up", "down", "left", or nothing; and whether it has a connection to it.
  struct Sight {
    std::string state = {};
    bool is_connected = false;
    std::uint64_t incarnation = 0;
    friend bool operator==(const Sight&, const Sight&) = default;
  };
  [[nodiscard]] Sight sight(const std::string& node, const std::string& other) {
    if (const auto seen = status(node)) {
      for (const auto member : (*seen)->getMembers()) {
        if (member.getNode() == other) {
          return {member.getState().cStr(), member.getIsConnected(), member.getIncarnation()};
        }
      }
    }
    return {};
  }
  [[nodiscard]] std::uint64_t incarnation(const std::string& node) { return sight(node, node).incarnation; }

  /// What keeps these from being a whole cluster: each sees exactly them up, has a connection to each, and all agree on
  /// which start of each it is. Empty if nothing does.
  [[nodiscard]] std::string flaw(const std::vector<std::string>& nodes) {
    const std::set<std::string> wanted{nodes.begin(), nodes.end()};
    std::map<std::string, std::uint64_t> incarnations;
    for (const std::string& node : nodes) {
      const auto seen = status(node);
      if (!seen) return node + " does not answer";
      std::set<std::string> up;
      for (const auto member : (*seen)->getMembers()) {
        const std::string other = member.getNode();
        if (member.getState() != "up") continue;
        up.insert(other);
        if (!wanted.contains(other)) return node + " sees " + other + " up";
        if (!member.getIsConnected()) return node + " has no connection to " + other;
        const auto [known, is_new] = incarnations.emplace(other, member.getIncarnation());
        if (!is_new && known->second != member.getIncarnation()) return node + " sees another start of " + other;
      }
      if (up.size() != wanted.size()) {
        return node + " sees " + std::to_string(up.size()) + " of " + std::to_string(wanted.size()) + " up";
      }
    }
    return {};
  }
  void require_whole(const std::vector<std::string>& nodes) {
    std::string found;
    BOOST_REQUIRE_MESSAGE(eventually([&] { return (found = flaw(nodes)).empty(); }), found);
  }

  /// Each node gets answers from an agent of each: in the end, for a connection may just be replaced by another.
  void require_answers(const std::vector<std::string>& nodes) {
    for (const std::string& via : nodes) {
      for (const std::string& node : nodes) {
        std::string answer;
        BOOST_REQUIRE_MESSAGE(eventually([&] {
                                const auto asked = ask(via, node, "greeter", "Ada");
                                answer = asked ? *asked : to_string(asked.error());
                                return answer == "Hello, Ada";
                              }),
                              via + " asks " + node + ": " + answer);
      }
    }
  }

 private:
  Mesh mesh_{{.workers = 1}};
  std::optional<network::Node> node_;
};

}  // namespace myelin::test
