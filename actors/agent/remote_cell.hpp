/// The CAF actor that stands for an agent of another process.
#pragma once

#include <memory>

#include <caf/monitorable_actor.hpp>

#include "myelin/actors/agent_ref.hpp"
#include "myelin/actors/remote.hpp"

namespace myelin {

/// Agents reach it by its route; plain CAF actors by enqueue(), with the messages of caf_interop.hpp.
class RemoteCell final : public caf::monitorable_actor {
 public:
  /// Among abstract_actor's flags, beside AgentCell::kIsAgentFlag.
  static constexpr int kIsRemoteFlag = 0x20000;

  RemoteCell(caf::actor_config& config, std::shared_ptr<RemoteRoute> route);

  [[nodiscard]] RemoteRoute& route() noexcept { return *route_; }

  using caf::abstract_actor::enqueue;
  void enqueue(caf::mailbox_element_ptr element, caf::execution_unit* unit) override;
  void on_destroy() override;
  const char* name() const override { return "remote agent"; }

 private:
  const std::shared_ptr<RemoteRoute> route_;
};

}  // namespace myelin
