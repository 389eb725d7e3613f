#include "myelin/plugin/agent_type.hpp"

#include <fmt/format.h>

#include <exception>
#include <stdexcept>

namespace myelin::plugin {

Result<void> AgentType::check_settings(const AgentSettings& settings) const {
  if (takes_settings || settings.empty()) return {};
  return fail(Errc::invalid_argument,
              fmt::format("agents of type '{}' take no settings, and were given {}", name, settings.json()));
}

Result<ChildSpec> AgentType::child(std::string child_name, const AgentSettings& settings, RestartWhen restart) const {
  if (const auto good = check_settings(settings); !good) return tl::unexpected{good.error()};
  return ChildSpec{.name = std::move(child_name),
                   .agent_class = agent_class,
                   .make = [make_one = make, settings] { return make_one(settings); },
                   .restart = restart};
}

Result<AgentRef> AgentType::spawn(Mesh& mesh, const AgentSettings& settings, const SpawnOptions& options) const {
  if (const auto good = check_settings(settings); !good) return tl::unexpected{good.error()};
  const auto failed = [&](Errc code, const char* what) {
    return fail(code, fmt::format("no agent of type '{}' could be started: {}", name, what));
  };
  try {
    AgentRef agent = start(mesh, settings, options);
    if (!agent) return failed(Errc::receiver_dead, "the mesh is stopping");
    return agent;
  } catch (const std::invalid_argument& error) {
    return failed(Errc::invalid_argument, error.what());
  } catch (const std::exception& error) {
    return failed(Errc::handler_failed, error.what());
  } catch (...) {
    return failed(Errc::handler_failed, "its constructor threw something that is no std::exception");
  }
}

}  // namespace myelin::plugin
