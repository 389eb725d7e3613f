/// A handle to an agent, on this node or another.
#pragma once

#include <string>
#include <utility>

#include "myelin/base/identity.hpp"

namespace caf {
class actor_control_block;
}  // namespace caf

namespace myelin {

class AgentCell;

/// Names one agent and keeps its address valid (not the agent running: an agent runs until it stops). Cheap to copy.
/// **Requires**: it is destroyed before the mesh of its agent, and nothing is sent to it after.
///
/// **Thread-safety**: different handles may be used on different threads; one handle is thread-compatible.
class AgentRef {
 public:
  /// Names no agent. A message sent to it goes to the dead letters.
  AgentRef() noexcept = default;
  AgentRef(const AgentRef& other) noexcept;
  AgentRef(AgentRef&& other) noexcept
      : control_{std::exchange(other.control_, nullptr)}, cell_{std::exchange(other.cell_, nullptr)} {}
  AgentRef& operator=(AgentRef other) noexcept {
    std::swap(control_, other.control_);
    std::swap(cell_, other.cell_);
    return *this;
  }
  ~AgentRef();

  [[nodiscard]] explicit operator bool() const noexcept { return control_ != nullptr; }
  /// 0 for no agent. Unique within its node only.
  [[nodiscard]] AgentId id() const noexcept;
  /// Whether this is an agent of this process, so that messages to it are handed over without any encoding. False for
  /// plain CAF actors, wherever they are.
  [[nodiscard]] bool is_local() const noexcept { return cell_ != nullptr; }

  friend bool operator==(const AgentRef& a, const AgentRef& b) noexcept { return a.control_ == b.control_; }

  // For the runtime.
  struct Adopt {};
  /// Takes over one strong reference. `cell` is null unless the agent is local.
  AgentRef(Adopt, caf::actor_control_block* control, AgentCell* cell) noexcept : control_{control}, cell_{cell} {}
  [[nodiscard]] caf::actor_control_block* control() const noexcept { return control_; }
  [[nodiscard]] AgentCell* cell() const noexcept { return cell_; }

 private:
  caf::actor_control_block* control_ = nullptr;
  AgentCell* cell_ = nullptr;
};

}  // namespace myelin
