/// A class of agents that can be started by a name.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "myelin/actors/agent.hpp"
#include "myelin/actors/mesh.hpp"
#include "myelin/actors/supervision.hpp"
#include "myelin/plugin/agent_settings.hpp"

namespace myelin::plugin {

struct SupervisedAgent {
  AgentRef agent;  ///< Stays valid over restarts.
  AgentRef supervisor;
};

/// **Thread-safety**: thread-safe, once made.
struct AgentType {
  /// Both may throw what the class's constructor throws.
  using Make = std::function<std::unique_ptr<Agent>(const AgentSettings& settings)>;
  using Start = std::function<AgentRef(Mesh& mesh, const AgentSettings& settings, const SpawnOptions& options)>;

  std::string name;
  std::string origin = {};  ///< The plugin's file; empty for a type of the program's own.
  /// Its handlers: which messages it takes, and how it answers.
  const AgentClass* agent_class = nullptr;
  bool takes_settings = false;
  Make make = {};
  Start start = {};

  /// Starts an agent of this type. **Errors**: invalid_argument for settings where it takes none, or ones that its
  /// constructor refuses; handler_failed for anything else that its constructor throws; receiver_dead where the mesh
  /// is stopping.
  [[nodiscard]] Result<AgentRef> spawn(Mesh& mesh, const AgentSettings& settings = {},
                                       const SpawnOptions& options = {}) const;
  /// The same for a child of a supervisor, which makes it from these settings each time. **Errors**: invalid_argument
  /// for settings where it takes none.
  [[nodiscard]] Result<ChildSpec> child(std::string child_name, const AgentSettings& settings = {},
                                        RestartWhen restart = RestartWhen::on_failure) const;
  /// Starts an agent with a supervisor of its own, by which it is restarted. **Errors**: as spawn().
  [[nodiscard]] Result<SupervisedAgent> spawn_supervised(Mesh& mesh, const AgentSettings& settings = {},
                                                         RestartWhen restart = RestartWhen::on_failure) const;

 private:
  [[nodiscard]] Result<void> check_settings(const AgentSettings& settings) const;
  /// What `begin` returns, or why it threw.
  template <class Begin>
  [[nodiscard]] Result<AgentRef> begin(const Begin& begin) const;
};

/// Class A under a name. It is made from its settings, if it has a constructor from `const AgentSettings&`, or by
/// default. **Errors**: throws std::logic_error, if A's handlers do.
template <class A>
[[nodiscard]] AgentType agent_type(std::string name) {
  constexpr bool kTakesSettings = std::is_constructible_v<A, const AgentSettings&>;
  static_assert(kTakesSettings || std::is_default_constructible_v<A>,
                "an agent that is started by name has a constructor from `const myelin::plugin::AgentSettings&`, or "
                "one without parameters");
  AgentType type;
  type.name = std::move(name);
  type.agent_class = &agent_class<A>();
  type.takes_settings = kTakesSettings;
  if constexpr (kTakesSettings) {
    type.make = [](const AgentSettings& settings) { return std::make_unique<A>(settings); };
    type.start = [](Mesh& mesh, const AgentSettings& settings, const SpawnOptions& options) {
      return mesh.spawn_with<A>(options, settings);
    };
  } else {
    type.make = [](const AgentSettings&) { return std::make_unique<A>(); };
    type.start = [](Mesh& mesh, const AgentSettings&, const SpawnOptions& options) {
      return mesh.spawn_with<A>(options);
    };
  }
  return type;
}

}  // namespace myelin::plugin
