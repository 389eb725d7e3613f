/// Makes a node answer operators' questions: those of `myelin status`, `agents`, `ask`, `tell` and `logs`.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "myelin/actors/agent_ref.hpp"
#include "myelin/base/result.hpp"
#include "myelin/cluster/cluster.hpp"
#include "myelin/operation/log_book.hpp"

namespace myelin {
class Mesh;
namespace plugin {
class AgentTypes;
}  // namespace plugin
}  // namespace myelin

namespace myelin::operation {

/// By which the agent is published that answers them; its messages are in myelin/operation.capnp.
inline constexpr const char* kOperationsName = "myelin.operations";

struct OperationsOptions {
  std::string cluster_name;                   ///< For status.
  const plugin::AgentTypes* types = nullptr;  ///< Whose names status tells; may be null. Outlives the operations.
  std::shared_ptr<const LogBook> log = {};    ///< May be null: then there is no log to read.
  /// Called when an operator changes something, on an agent's thread, with what goes behind "an operator", e.g. "has
  /// agent 'doorman' stopped"; may be empty.
  std::function<void(const std::string& what)> on_change = {};
};

/// For operators everything, for those who may only look what changes nothing, and for other nodes, which pass on what
/// operators asked of them and they have checked, everything too.
///
/// **Requires**: the cluster and the mesh outlive it. **Thread-safety**: thread-compatible.
class Operations {
 public:
  /// **Errors**: as network::Node::publish().
  [[nodiscard]] static Result<Operations> start(Mesh& mesh, cluster::Cluster& cluster, OperationsOptions options);
  Operations(Operations&&) noexcept = default;
  Operations& operator=(Operations&&) = delete;
  ~Operations();

 private:
  Operations(Mesh& mesh, cluster::Cluster& cluster) : mesh_{&mesh}, cluster_{&cluster} {}

  Mesh* mesh_;
  cluster::Cluster* cluster_;
  std::vector<AgentRef> agents_;
};

}  // namespace myelin::operation
