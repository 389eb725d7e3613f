/// Answers what agents a node has, starts and stops them for others, and tells when they end.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "directory/agent_table.hpp"
#include "membership/board.hpp"
#include "myelin/actors/agent.hpp"
#include "myelin/actors/mesh.hpp"
#include "myelin/cluster/address.hpp"

namespace myelin::network {
class Node;
}  // namespace myelin::network

namespace myelin::cluster {

/// Starts an agent of a type with settings (JSON text) for its constructor.
using Spawner = std::function<Result<AgentRef>(std::string_view type, std::string_view settings)>;

/// An agent of that name is there from now on: in the table, and for other nodes.
/// **Errors**: invalid_argument for a bad name or one in use, overloaded. **Thread-safety**: thread-safe.
[[nodiscard]] Result<AgentAddress> publish(network::Node& node, AgentTable& table, std::string name, std::string type,
                                           const AgentRef& agent);
void withdraw(network::Node& node, AgentTable& table, std::string_view name);

class DirectoryAgent final : public Agent {
 public:
  /// By which it is published on every node.
  static constexpr const char* kName = "myelin.directory";

  struct Parts {
    Mesh& mesh;
    network::Node& node;  ///< Outlives it.
    std::shared_ptr<AgentTable> table;
    std::shared_ptr<const Board> board;
    Spawner spawn;  ///< Empty: this node starts nothing for others.
    std::function<void(const PublishedAgent&, const AgentEnd&)> on_end;
  };
  explicit DirectoryAgent(Parts parts) : parts_{std::move(parts)} {}

  static void handlers(Handlers<DirectoryAgent>& on) {
    on.message<&DirectoryAgent::published>();
    on.message<&DirectoryAgent::find>();
    on.message<&DirectoryAgent::spawn_agent>();
    on.message<&DirectoryAgent::stop_agent>();
    on.message<&DirectoryAgent::monitor>();
  }

  void on_down(const Down& down) override;

 private:
  struct Search;

  void published(schema::Published::Reader published);
  void find(schema::FindAgents::Reader question, Reply<schema::AgentList> reply);
  void spawn_agent(schema::SpawnAgent::Reader question, Reply<schema::AgentAddress> reply);
  void stop_agent(schema::StopAgent::Reader question, Reply<schema::StopDone> reply);
  void monitor(schema::MonitorAgent::Reader question, Reply<schema::AgentEnded> reply);

  const Parts parts_;
  std::unordered_map<std::string, std::vector<Reply<schema::AgentEnded>>> monitors_;  ///< By agents' names.
  std::size_t monitors_count_ = 0;
};

}  // namespace myelin::cluster
