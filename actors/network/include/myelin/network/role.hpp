/// What somebody who connects may do, as his certificate says.
#pragma once

#include <cstdint>
#include <string_view>

#include "myelin/base/result.hpp"

namespace myelin::network {

/// The numbers cross the network.
enum class Role : std::uint8_t {
  node = 0,       ///< Runs agents, and reaches all that is published for nodes.
  operator_ = 1,  ///< A person with a tool, who may change things: reaches what is published for operators.
  read_only = 2,  ///< Likewise, but may only look.
};

/// "node", "operator", "read-only". **Thread-safety**: thread-safe.
[[nodiscard]] std::string_view to_string(Role role) noexcept;
/// **Errors**: invalid_argument. **Thread-safety**: thread-safe.
[[nodiscard]] Result<Role> parse_role(std::string_view text);

}  // namespace myelin::network
