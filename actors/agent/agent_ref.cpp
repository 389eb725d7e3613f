#include "myelin/actors/agent_ref.hpp"

#include <caf/actor_control_block.hpp>

namespace myelin {

AgentRef::AgentRef(const AgentRef& other) noexcept : control_{other.control_}, cell_{other.cell_} {
  if (control_ != nullptr) intrusive_ptr_add_ref(control_);
}

AgentRef::~AgentRef() {
  if (control_ != nullptr) intrusive_ptr_release(control_);
}

AgentId AgentRef::id() const noexcept { return control_ == nullptr ? 0 : control_->id(); }

}  // namespace myelin
