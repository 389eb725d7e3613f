/// What a node's part in a cluster is made of.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "directory/agent_table.hpp"
#include "membership/board.hpp"
#include "myelin/actors/mesh.hpp"
#include "myelin/cluster/cluster.hpp"

namespace myelin::cluster {

/// Connections may be made before there is an agent to tell of them.
class Changes {
 public:
  explicit Changes(Mesh& mesh) : mesh_{mesh} {}

  void add(const network::PeerStatus& status) {
    if (status.role != network::Role::node) return;
    const std::lock_guard guard{mutex_};
    if (listener_) {
      tell(status.node, status.connected);
    } else {
      early_.emplace_back(status.node, status.connected);
    }
  }
  void set_listener(AgentRef listener) {
    const std::lock_guard guard{mutex_};
    listener_ = std::move(listener);
    for (const auto& [node, connected] : early_) tell(node, connected);
    early_.clear();
  }
  void stop() {
    const std::lock_guard guard{mutex_};
    listener_ = {};
  }

 private:
  void tell(const std::string& node, bool connected) {
    // The control lane: no mailbox is too full for it.
    mesh_.tell(
        listener_,
        [&](schema::PeerChange::Builder change) {
          change.setNode(node);
          change.setIsConnected(connected);
        },
        Lane::control);
  }

  Mesh& mesh_;
  std::mutex mutex_;
  AgentRef listener_;
  std::vector<std::pair<std::string, bool>> early_;
};

/// **Thread-safety**: thread-safe once joined.
class Core {
 public:
  explicit Core(Mesh& mesh) : mesh_{mesh}, changes_{std::make_shared<Changes>(mesh)} {}
  ~Core();
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  [[nodiscard]] Result<void> join(network::NodeOptions node, ClusterOptions options);

  [[nodiscard]] Result<AgentRef> resolve(const AgentAddress& address);

  [[nodiscard]] Mesh& mesh() noexcept { return mesh_; }
  [[nodiscard]] network::Node& node() noexcept { return *node_; }
  [[nodiscard]] const Board& board() const noexcept { return *board_; }
  [[nodiscard]] AgentTable& table() noexcept { return *table_; }
  [[nodiscard]] const AgentRef& membership() const noexcept { return membership_; }
  [[nodiscard]] const AgentRef& directory() const noexcept { return directory_; }

 private:
  Mesh& mesh_;
  const std::shared_ptr<Changes> changes_;
  const std::shared_ptr<Board> board_ = std::make_shared<Board>();
  const std::shared_ptr<AgentTable> table_ = std::make_shared<AgentTable>();
  std::optional<network::Node> node_;
  AgentRef membership_;
  AgentRef directory_;
};

}  // namespace myelin::cluster
