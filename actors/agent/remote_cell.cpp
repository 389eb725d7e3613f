#include "remote_cell.hpp"

#include <utility>

#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/actor_config.hpp>
#include <caf/actor_system.hpp>
#include <caf/exit_reason.hpp>
#include <caf/make_actor.hpp>
#include <caf/sec.hpp>

#include "cell.hpp"
#include "interop/reply_port.hpp"
#include "myelin/actors/caf_interop.hpp"
#include "myelin/actors/mesh.hpp"
#include "runtime/mesh_state.hpp"

namespace myelin {

RemoteCell::RemoteCell(caf::actor_config& config, std::shared_ptr<RemoteRoute> route)
    : caf::monitorable_actor{config}, route_{std::move(route)} {
  setf(kIsRemoteFlag);
}

void RemoteCell::enqueue(caf::mailbox_element_ptr element, caf::execution_unit* /*unit*/) {
  auto& content = element->content();
  if (content.size() != 1 || !content.match_element<Frame>(0) || !content.get_as<Frame>(0)) {
    bounce(element, caf::make_error(caf::sec::unexpected_message));
    return;
  }
  Frame frame = content.get_as<Frame>(0);
  const caf::message_id id = element->mid;
  ReplyPort* port = id.is_request() ? new CafReplyPort{std::move(element->sender), id, ctrl()} : nullptr;
  if (route_->deliver(frame, port) == Delivery::refused) bounce(element);
}

void RemoteCell::on_destroy() {
  if (!getf(is_cleaned_up_flag)) cleanup(caf::error{caf::exit_reason::unreachable}, nullptr);
}

RemoteRoute* route_of(const AgentRef& ref) noexcept {
  caf::abstract_actor* actor = ref.control()->get();
  return actor->getf(RemoteCell::kIsRemoteFlag) ? &static_cast<RemoteCell*>(actor)->route() : nullptr;
}

AgentRef make_remote_ref(Mesh& mesh, std::shared_ptr<RemoteRoute> route) {
  caf::actor_system& system = *mesh.state().system;
  caf::actor_config config;
  return to_agent_ref(caf::make_actor<RemoteCell, caf::actor>(system.next_actor_id(), system.node(), &system, config,
                                                              std::move(route)));
}

void release_senders(Mesh& mesh, const AgentRef& receiver) noexcept {
  mesh.state().back_pressure.release(receiver.control());
}

Delivery deliver_from_outside(const AgentRef& to, Frame& frame, ReplyPort* port,
                              std::unique_ptr<Charge>& charge) noexcept {
  return to.cell()->take_in(frame, port, charge);
}

void call_when_room(Mesh& mesh, const AgentRef& agent, std::function<void()> then) {
  mesh.state().back_pressure.call_when_released(agent, std::move(then));
}

void cancel_from_outside(const AgentRef& agent, ReplyPort* port, CorrelationId question) noexcept {
  agent.cell()->cancel_question(port, question);
}

}  // namespace myelin
