/// Plain CAF actors beside agents: each can send to the other, and both are reached over CAF's network layer.
///
/// To a plain CAF actor a message of Myelin is a CAF message of one element, a myelin::Frame. It sends one to an agent
/// with CAF's own send() or request(), and handles one with a lambda that takes a Frame. An agent that tells or asks a
/// plain CAF actor sends it such a message; a question is a CAF request, answered by returning a Frame.
/// What agents tell comes in batches: read it as `myelin::Batch<T>{frame}`, which reads a single message too.
#pragma once

#include <string>

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/error.hpp>
#include <caf/meta/load_callback.hpp>
#include <caf/meta/type_name.hpp>

#include "myelin/actors/agent_ref.hpp"
#include "myelin/actors/mesh.hpp"
#include "myelin/serialization/frame.hpp"

namespace myelin {

/// The actor system that a mesh runs on. **Thread-safety**: as caf::actor_system.
[[nodiscard]] caf::actor_system& caf_system(Mesh& mesh) noexcept;

/// An agent as CAF knows it: to be monitored, linked, published, or sent to by plain CAF actors. Null for no agent.
[[nodiscard]] caf::actor to_caf_actor(const AgentRef& agent);

/// Any CAF actor, plain, agent or remote, as a handle that agents can send to.
[[nodiscard]] AgentRef to_agent_ref(const caf::actor& actor);

/// Lets a configuration carry frames over the network. A Mesh does this for itself.
void add_frame_message_type(caf::actor_system_config& config);

namespace detail {
/// The frame in the format of docs/wire_format.md; empty for no frame.
[[nodiscard]] std::string frame_to_bytes(const Frame& frame);
/// Back again, checked: see open_foreign().
[[nodiscard]] caf::error frame_from_bytes(const std::string& bytes, Frame& frame);
}  // namespace detail

/// How CAF writes a frame to the network, and shows it in logs. BASP copies the bytes into its buffer here.
template <class Inspector>
requires(Inspector::reads_state) typename Inspector::result_type inspect(Inspector& inspector, Frame& frame) {
  std::string bytes = detail::frame_to_bytes(frame);
  return inspector(caf::meta::type_name("myelin::Frame"), bytes);
}

/// How CAF reads one.
template <class Inspector>
requires(Inspector::writes_state) typename Inspector::result_type inspect(Inspector& inspector, Frame& frame) {
  std::string bytes;
  const auto load = [&]() -> caf::error { return detail::frame_from_bytes(bytes, frame); };
  return inspector(caf::meta::type_name("myelin::Frame"), bytes, caf::meta::load_callback(load));
}

}  // namespace myelin
