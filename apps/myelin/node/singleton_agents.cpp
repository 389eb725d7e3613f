#include "node/singleton_agents.hpp"

#include <algorithm>
#include <utility>

#include "myelin/memory/singleton.hpp"

namespace myelin::tool {

namespace {

/// For one to end that is told to: it does nothing that takes long.
constexpr std::chrono::seconds kStopLimit{5};

}  // namespace

void SingletonAgents::add(const AgentEntry& entry, const std::string& name) {
  SingletonOptions options;
  options.lease = std::chrono::seconds{entry.lease};
  options.start = [this, entry, name](std::uint64_t token) -> Result<AgentRef> {
    auto agent = hosted_.start(entry.type, entry.settings, entry.restart_when());
    if (!agent) return agent;
    if (const auto address = directory_.publish(name, *agent, entry.type); !address) {
      mesh_.stop_agent(*agent);
      return tl::unexpected{address.error()};
    }
    const std::lock_guard guard{held_->mutex};
    held_->tokens[name] = token;
    return agent;
  };
  options.on_change = [name, log = log_, held = held_](bool runs, std::string_view why) {
    if (runs) return log->info("singleton '{}' runs here", name);
    log->warn("singleton '{}' does not run here any more: {}", name, why);
    const std::lock_guard guard{held->mutex};
    held->tokens.erase(name);
  };
  singletons_.push_back(mesh_.spawn<Singleton>(mesh_, memory_, lease_key(name), std::move(options)));
}

void SingletonAgents::stop() {
  for (const AgentRef& singleton : singletons_) mesh_.stop_agent(singleton);
  // They use this object.
  for (const AgentRef& singleton : singletons_) static_cast<void>(mesh_.drain_agent(singleton, kStopLimit));
}

void SingletonAgents::release(Duration limit) {
  const TimePoint deadline = time_after(Clock::now(), limit);
  std::map<std::string, std::uint64_t> tokens;
  {
    const std::lock_guard guard{held_->mutex};
    tokens.swap(held_->tokens);
  }
  for (const auto& [name, token] : tokens) {
    const Duration left = std::max(Duration{0}, Duration{deadline - Clock::now()});
    if (const auto released = mesh_.ask(memory_.release(lease_key(name), token), left); !released) {
      log_->warn("the lease of singleton '{}' was not given back, and ends by itself: {}", name,
                 released.error().message);
    }
  }
}

}  // namespace myelin::tool
