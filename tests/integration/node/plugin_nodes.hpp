/// Nodes in processes of their own whose agents come from the tests' plugin.
#pragma once

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "../program.hpp"
#include "expect_success.hpp"
#include "greeting.capnp.h"
#include "myelin/actors/mesh.hpp"
#include "myelin/cluster/cluster.hpp"
#include "node_child.hpp"
#include "temporary_directory.hpp"

namespace myelin::test {

/// Nodes with the plugin, and this process as one more, with certificates of one authority.
/// **Thread-safety**: thread-compatible.
class PluginNodes {
 public:
  PluginNodes() {
    const Outcome made = run({"certs", "new", certs().string(), "north", "south", "east", "west", "tester"});
    BOOST_REQUIRE_MESSAGE(made.status == 0, made.err);
  }

  [[nodiscard]] std::filesystem::path certs() const { return folder_.path() / "certs"; }
  [[nodiscard]] const TemporaryDirectory& folder() const { return folder_; }

  /// A node with the plugin; `more` is put behind its configuration.
  [[nodiscard]] std::unique_ptr<NodeChild> start(const std::string& name, const std::string& seed,
                                                 const std::string& more) {
    const auto file = folder_.write(name + ".toml", "[node]\nname = '" + name + "'\nlisten = '127.0.0.1:0'\ndata = '" +
                                                        name + "'\nseeds = [" + (seed.empty() ? "" : "'" + seed + "'") +
                                                        "]\nstop-deadline = 5\n[tls]\ncerts = 'certs/" + name +
                                                        "'\n[plugins]\nfiles = ['" MYELIN_PLUGIN "']\n" + more);
    auto node = std::make_unique<NodeChild>(folder_.path(), name, std::vector<std::string>{"--config", file.string()});
    node->require_ready();
    return node;
  }

  void join(const std::string& seed) {
    auto credentials = network::load_credentials(certs() / "tester");
    BOOST_REQUIRE(credentials.has_value());
    network::NodeOptions options;
    options.name = "tester";
    options.credentials = *std::move(credentials);
    options.seeds = {seed};
    auto joined = cluster::Cluster::join(mesh_, std::move(options));
    require_success(joined);
    cluster_.emplace(*std::move(joined));
  }
  void wait_for(std::size_t nodes) {
    const auto there = cluster_->wait(
        [nodes](const cluster::View& view) {
          return static_cast<std::size_t>(std::ranges::count_if(view.members, [](const cluster::Member& member) {
                   return member.state == cluster::MemberState::up && member.connected;
                 })) == nodes;
        },
        std::chrono::seconds{60});
    BOOST_REQUIRE(there.has_value());
  }

  [[nodiscard]] Mesh& mesh() { return mesh_; }
  [[nodiscard]] cluster::Cluster& cluster() { return *cluster_; }

  [[nodiscard]] AgentRef agent(const std::string& node, const std::string& name) {
    auto found = cluster_->resolve({node, name});
    BOOST_REQUIRE(found.has_value());
    return *found;
  }
  [[nodiscard]] std::string ask(const AgentRef& agent, const std::string& name) {
    const auto answer = mesh_.ask<node_test::Greeting>(
        agent, [&](node_test::Hello::Builder hello) { hello.setName(name); }, std::chrono::seconds{30});
    return answer ? std::string{(*answer)->getText().cStr()} : to_string(answer.error());
  }

 private:
  TemporaryDirectory folder_;
  Mesh mesh_{{.workers = 2}};
  std::optional<cluster::Cluster> cluster_;
};

}  // namespace myelin::test
