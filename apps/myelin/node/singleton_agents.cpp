#include "node/singleton_agents.hpp"

#include <algorithm>
#include <utility>

#include "myelin/memory/singleton.hpp"

namespace myelin::tool {

class SingletonAgents::Shared {
 public:
  Shared(Mesh& mesh, HostedAgents& hosted, cluster::Directory directory)
      : mesh_{mesh}, hosted_{&hosted}, directory_{std::move(directory)} {}

  Result<AgentRef> start(const AgentEntry& entry, const std::string& name, std::uint64_t token) {
    const std::lock_guard guard{mutex_};
    if (hosted_ == nullptr) return fail(Errc::unreachable, "the node is stopping: it starts no agents now");
    auto agent = hosted_->start(entry.type, entry.settings, entry.restart_when());
    if (!agent) return agent;
    if (const auto address = directory_.publish(name, *agent, entry.type); !address) {
      mesh_.stop_agent(*agent);
      return tl::unexpected{address.error()};
    }
    leases_[name] = {token, *agent};
    return agent;
  }
  void ended(const std::string& name) {
    const std::lock_guard guard{mutex_};
    leases_.erase(name);
  }
  void close() {
    const std::lock_guard guard{mutex_};
    hosted_ = nullptr;
  }
  [[nodiscard]] std::map<std::string, Lease> take_leases() {
    const std::lock_guard guard{mutex_};
    return std::exchange(leases_, {});
  }

 private:
  std::mutex mutex_;
  Mesh& mesh_;
  HostedAgents* hosted_;  ///< Null: nothing is started any more.
  const cluster::Directory directory_;
  std::map<std::string, Lease> leases_;  ///< By agents' names.
};

SingletonAgents::SingletonAgents(Mesh& mesh, HostedAgents& hosted, cluster::Directory directory, Memory memory,
                                 std::shared_ptr<spdlog::logger> log)
    : mesh_{mesh},
      memory_{std::move(memory)},
      log_{std::move(log)},
      shared_{std::make_shared<Shared>(mesh, hosted, std::move(directory))} {}

void SingletonAgents::add(const AgentEntry& entry, const std::string& name) {
  SingletonOptions options;
  options.lease = std::chrono::seconds{entry.lease};
  options.start = [shared = shared_, entry, name](std::uint64_t token) { return shared->start(entry, name, token); };
  options.on_change = [name, log = log_, shared = shared_](bool runs, std::string_view why) {
    if (runs) return log->info("singleton '{}' runs here", name);
    log->warn("singleton '{}' does not run here: {}", name, why);
    shared->ended(name);
  };
  singletons_.push_back(mesh_.spawn<Singleton>(mesh_, memory_, lease_key(name), std::move(options)));
}

void SingletonAgents::stop() {
  shared_->close();
  for (const AgentRef& singleton : singletons_) mesh_.stop_agent(singleton);
}

void SingletonAgents::release(Duration limit) {
  const TimePoint deadline = time_after(Clock::now(), limit);
  for (const auto& [name, lease] : shared_->take_leases()) {
    if (!has_ended(mesh_.state_of(lease.agent))) {
      log_->warn("singleton '{}' still runs: its lease is not given back, and ends by itself", name);
      continue;
    }
    const Duration left = std::max(Duration{0}, Duration{deadline - Clock::now()});
    if (const auto released = mesh_.ask(memory_.release(lease_key(name), lease.token), left); !released) {
      log_->warn("the lease of singleton '{}' was not given back, and ends by itself: {}", name,
                 released.error().message);
    }
  }
}

}  // namespace myelin::tool
