/// MYELIN_REGISTER_AGENT: names classes of agents, in a plugin or in a program of one's own.
///
///     // greeter.cpp, of a shared library
///     #include "myelin/plugin/register.hpp"
///     MYELIN_REGISTER_AGENT("greeter", Greeter)
///
/// In sources only, never in headers: what this header makes belongs to the library, or program, that it is part of.
#pragma once

#include <string>

#include "myelin/plugin/agent_type.hpp"
#include "myelin/plugin/agent_types.hpp"
#include "myelin/plugin/registration.hpp"
#include "myelin/plugin/stamp.hpp"

namespace myelin::plugin {

namespace detail {

/// The first of this library, or program: each has its own, whatever else is loaded.
[[gnu::visibility("hidden")]] inline constinit const Registration* first_registration = nullptr;

class Registrar {
 public:
  Registrar(const char* name, AgentType (*make)(std::string name)) noexcept
      : registration_{name, make, first_registration} {
    first_registration = &registration_;
  }

 private:
  Registration registration_;
};

}  // namespace detail

/// Adds what was registered in this program itself: for a main() of one's own.
/// **Errors**: invalid_argument, as AgentTypes::add(); none is added then.
[[nodiscard, gnu::visibility("hidden")]] inline Result<void> add_own_agents(AgentTypes& types) {
  auto added = detail::add_registered(detail::first_registration, {}, types);
  if (!added) return tl::unexpected{added.error()};
  return {};
}

}  // namespace myelin::plugin

extern "C" {
/// What load_plugin() calls.
[[gnu::visibility("default"), gnu::used]] inline const void* myelin_plugin_registrations() {
  return ::myelin::plugin::detail::first_registration;
}
}

namespace {
/// One a source: sources of one library may have been compiled with different flags.
[[gnu::section(MYELIN_PLUGIN_SECTION), gnu::used]] constexpr ::myelin::plugin::Stamp myelin_plugin_stamp{};
}  // namespace

#define MYELIN_PLUGIN_JOIN_(a, b) a##b
#define MYELIN_PLUGIN_JOIN(a, b) MYELIN_PLUGIN_JOIN_(a, b)
/// Lets agents of a class be started by `name`. At file scope, as often as there are classes.
#define MYELIN_REGISTER_AGENT(name, ...)                                                        \
  namespace {                                                                                   \
  const ::myelin::plugin::detail::Registrar MYELIN_PLUGIN_JOIN(myelin_registrar_, __COUNTER__){ \
      name, &::myelin::plugin::agent_type<__VA_ARGS__>};                                        \
  }
