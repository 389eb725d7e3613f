/// Clusters in this process: each node with a mesh of its own.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "myelin/cluster/cluster.hpp"
#include "nodes.hpp"

namespace myelin::test {

struct ClusterNode {
  ClusterNode(const network::NodeOptions& options, cluster::ClusterOptions more = {}) : mesh{{.workers = 1}} {
    auto joined = cluster::Cluster::join(mesh, options, std::move(more));
    require_success(joined);
    cluster.emplace(std::move(*joined));
  }
  [[nodiscard]] std::string address() { return cluster->node().address(); }
  /// Waits until so many are up, as this one sees it, and it can talk to each of them itself.
  void wait_up(std::size_t count) {
    require_success(cluster->wait(
        [count](const cluster::View& view) {
          return view.count(cluster::MemberState::up) == count &&
                 std::ranges::all_of(view.members, [](const cluster::Member& member) {
                   return member.state != cluster::MemberState::up || member.connected;
                 });
        },
        kLimit));
  }
  void wait_state(const std::string& node, cluster::MemberState state) {
    require_success(cluster->wait(
        [&](const cluster::View& view) {
          const cluster::Member* member = view.find(node);
          return member != nullptr && member->state == state;
        },
        kLimit));
  }

  Mesh mesh;
  std::optional<cluster::Cluster> cluster;
};

inline network::NodeOptions joining(const std::string& name, std::vector<std::string> seeds, bool tls = false) {
  network::NodeOptions options = options_of(name, tls);
  options.seeds = std::move(seeds);
  return options;
}

}  // namespace myelin::test
