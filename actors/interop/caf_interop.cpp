#include "myelin/actors/caf_interop.hpp"

#include <span>

#include <caf/actor_cast.hpp>

#include "agent/cell.hpp"
#include "error_mapping.hpp"
#include "myelin/serialization/guard.hpp"
#include "myelin/serialization/wire.hpp"
#include "runtime/mesh_state.hpp"

namespace myelin {

caf::actor_system& caf_system(Mesh& mesh) noexcept { return *mesh.state().system; }

caf::actor to_caf_actor(const AgentRef& agent) {
  return caf::actor_cast<caf::actor>(caf::strong_actor_ptr{agent.control()});
}

AgentRef to_agent_ref(const caf::actor& actor) {
  auto pointer = caf::actor_cast<caf::strong_actor_ptr>(actor);
  if (!pointer) return {};
  AgentCell* cell = nullptr;
  if (pointer->get()->getf(AgentCell::kIsAgentFlag)) cell = static_cast<AgentCell*>(pointer->get());
  return {AgentRef::Adopt{}, pointer.release(), cell};
}

void add_frame_message_type(caf::actor_system_config& config) { config.add_message_type<Frame>("myelin::Frame"); }

namespace detail {

std::string frame_to_bytes(const Frame& frame) {
  if (!frame) return {};
  const auto bytes = encode(frame, Clock::now());
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

caf::error frame_from_bytes(const std::string& bytes, Frame& frame) {
  Result<Frame> opened = open_foreign(std::as_bytes(std::span{bytes}), Clock::now());
  if (!opened) return to_caf_error(opened.error());
  frame = *std::move(opened);
  return caf::none;
}

}  // namespace detail

}  // namespace myelin
