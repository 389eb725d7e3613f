#include "myelin/plugin/agent_type.hpp"

#include <fmt/format.h>

#include <exception>
#include <stdexcept>
#include <utility>

#include "myelin/actors/supervisor.hpp"

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

template <class Begin>
Result<AgentRef> AgentType::begin(const Begin& begin) const {
  const auto failed = [&](Errc code, const char* what) {
    return fail(code, fmt::format("no agent of type '{}' could be started: {}", name, what));
  };
  try {
    AgentRef agent = begin();
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

Result<AgentRef> AgentType::spawn(Mesh& mesh, const AgentSettings& settings, const SpawnOptions& options) const {
  if (const auto good = check_settings(settings); !good) return tl::unexpected{good.error()};
  return begin([&] { return start(mesh, settings, options); });
}

Result<SupervisedAgent> AgentType::spawn_supervised(Mesh& mesh, const AgentSettings& settings,
                                                    RestartWhen restart) const {
  auto spec = child(name, settings, restart);
  if (!spec) return tl::unexpected{spec.error()};
  AgentRef supervisor;
  auto agent = begin([&] {
    supervisor = mesh.spawn<Supervisor>(SupervisorSpec{}.add(std::move(*spec)));
    return supervisor ? mesh.child(supervisor, name) : AgentRef{};
  });
  if (!agent) return tl::unexpected{agent.error()};
  return SupervisedAgent{*std::move(agent), std::move(supervisor)};
}

}  // namespace myelin::plugin
