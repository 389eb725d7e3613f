#include "myelin/operation/operations.hpp"

#include <utility>

#include "agents/operator_agent.hpp"
#include "myelin/actors/mesh.hpp"

namespace myelin::operation {

Result<Operations> Operations::start(Mesh& mesh, cluster::Cluster& cluster, OperationsOptions options) {
  Operations operations{mesh, cluster};
  using network::Role;
  for (const Role role : {Role::node, Role::operator_, Role::read_only}) {
    const AgentRef agent = mesh.spawn<OperatorAgent>(OperatorAgent::Parts{.mesh = mesh,
                                                                          .cluster = cluster,
                                                                          .options = options,
                                                                          .started = Clock::now(),
                                                                          .may_change = role != Role::read_only});
    operations.agents_.push_back(agent);
    if (Result<void> published = cluster.node().publish_for(role, kOperationsName, agent); !published) {
      return tl::unexpected{std::move(published).error()};
    }
  }
  return operations;
}

Operations::~Operations() {
  if (agents_.empty()) return;  // moved from
  cluster_->node().withdraw(kOperationsName);
  for (const AgentRef& agent : agents_) {
    mesh_->stop_agent(agent);
    static_cast<void>(mesh_->drain_agent(agent, cluster::limits::kLeaveLimit));
  }
}

}  // namespace myelin::operation
