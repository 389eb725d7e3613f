/// What MYELIN_REGISTER_AGENT leaves behind. Users have no need of this.
#pragma once

#include <string>
#include <vector>

#include "myelin/base/result.hpp"
#include "myelin/plugin/agent_types.hpp"

namespace myelin::plugin::detail {

/// One line of MYELIN_REGISTER_AGENT. Nothing of the class is touched before `make` is called.
struct Registration {
  const char* name;
  AgentType (*make)(std::string name);
  const Registration* next;
};

/// Adds all types from `first` on, and returns their names in the order of their registration. They are added either
/// all or none. **Errors**: invalid_argument, as AgentTypes::add(), and where a class has two handlers for one message.
[[nodiscard]] Result<std::vector<std::string>> add_registered(const Registration* first, const std::string& origin,
                                                              AgentTypes& types);

}  // namespace myelin::plugin::detail
