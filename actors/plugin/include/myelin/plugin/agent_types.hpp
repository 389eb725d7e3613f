/// The types of agents that a process can start by name.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "myelin/base/result.hpp"
#include "myelin/plugin/agent_type.hpp"

namespace myelin::plugin {

/// Longest name of a type of agents, in bytes.
inline constexpr std::size_t kTypeNameBytesMax = 128;

/// **Thread-safety**: thread-safe once nothing is added any more; addresses of types stay.
class AgentTypes {
 public:
  /// **Errors**: invalid_argument for a bad name (letters, digits, '_', '-', '.'), or one in use.
  [[nodiscard]] Result<void> add(AgentType type);
  /// All of them, or none. **Errors**: as above.
  [[nodiscard]] Result<void> add_all(std::vector<AgentType> types);
  /// agent_type<A>(name). **Errors**: as above.
  template <class A>
  [[nodiscard]] Result<void> add(std::string name) {
    return add(agent_type<A>(std::move(name)));
  }

  /// **Errors**: not_found, with the nearest name there is.
  [[nodiscard]] Result<const AgentType*> find(std::string_view name) const;
  /// By name.
  [[nodiscard]] std::vector<const AgentType*> list() const;
  [[nodiscard]] std::size_t size() const noexcept { return types_.size(); }

 private:
  std::map<std::string, AgentType, std::less<>> types_;
};

}  // namespace myelin::plugin
