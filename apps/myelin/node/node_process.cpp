#include "node/node_process.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <set>
#include <utility>

#include "memory/embedded_memory.hpp"
#include "myelin/validator/committee_file.hpp"
#include "myelin/validator/key_file.hpp"
#include "myelin/validator/limits.hpp"
#include "node/builtin_types.hpp"
#include "node/node_log.hpp"
#include "terminal/units.hpp"

namespace myelin::tool {

namespace {

// How often to look whether a validator has halted.
constexpr std::chrono::milliseconds kLook{200};
// Of a cluster that is started the validators come one after the other.
constexpr std::chrono::seconds kOthersMayTake{5};
// How often to look whether seeds answer, where nothing else is to be looked at.
constexpr std::chrono::seconds kLookAtSeeds{1};
// What the mesh's destructor may take after its agents were told to end, and were given the time that there was.
constexpr std::chrono::milliseconds kLeftBehindLimit{100};

/// How many threads wait for disks.
std::size_t job_threads(const NodeConfig& config) {
  std::size_t threads = config.job_threads;
  if (!config.validator.empty()) threads += validator::limits::kJobsPerLoneValidator;
  if (!config.embedded.empty()) {
    threads += validator::limits::kJobsPerValidator * std::max<std::size_t>(1, validators_in(config.embedded));
  }
  return threads;
}

/// A disk may be mended; what is said about the files is to be put right first.
NodeResult<void> memory_outcome(const Result<void>& done) {
  if (done) return {};
  const bool broken = done.error().code == Errc::io_error;
  return fail_with(broken ? NodeExit::failed : NodeExit::configuration, done.error());
}

}  // namespace

NodeResult<std::unique_ptr<NodeProcess>> NodeProcess::start(const NodeConfig& config,
                                                            const std::vector<plugin::AgentType>& types) {
  auto folder = DataFolder::take(config.data);
  if (!folder) {
    const bool in_use = folder.error().code == Errc::invalid_argument;
    return fail_with(in_use ? NodeExit::folder : NodeExit::failed, folder.error());
  }
  std::unique_ptr<NodeProcess> node{new NodeProcess{config, *std::move(folder)}};
  if (auto opened = node->open(types); !opened) {
    node->log_end("not started", opened.error().error);
    return tl::unexpected{opened.error()};
  }
  return node;
}

NodeProcess::~NodeProcess() { end_event_logs(); }

void NodeProcess::end_event_logs() {
  if (view_log_ != nullptr) view_log_->end();
  if (mesh_) observe_failures(*mesh_, nullptr);
}

NodeResult<void> NodeProcess::open(const std::vector<plugin::AgentType>& types) {
  auto log = open_log(config_.log, config_.log_level, folder_.path(), book_);
  if (!log) return fail_with(NodeExit::failed, log.error());
  log_ = *std::move(log);
  const auto configuration = [](const Result<void>& done) -> NodeResult<void> {
    if (!done) return fail_with(NodeExit::configuration, done.error());
    return {};
  };
  // Plugins first: while there are no threads that hold locks, for each is tried in a child process.
  if (auto done = configuration(load_types(types)); !done) return done;
  auto credentials = node_credentials(config_);
  if (!credentials) {
    const bool disk = credentials.error().code == Errc::io_error;
    return fail_with(disk ? NodeExit::failed : NodeExit::configuration, credentials.error());
  }
  credentials_ = *std::move(credentials);
  if (config_.insecure && !is_loopback(config_.listen)) {
    log_->warn("there is no TLS on {}: whoever reaches it is believed, and can start agents here", config_.listen);
  }
  if (credentials_ && credentials_->made) log_->info("certificates made in '{}'", credentials_->folder.string());

  mesh_.emplace(MeshConfig{.workers = config_.workers,
                           .job_threads = job_threads(config_),
                           .pin_workers = config_.pin_workers,
                           .stop_limit = kLeftBehindLimit});
  hosted_.emplace(*mesh_, types_);
  if (auto joined = join(); !joined) return joined;
  if (auto done = memory_outcome(start_memory()); !done) return done;
  if (auto done = configuration(start_agents()); !done) return done;
  hosted_->open();
  log_->info("node '{}' of cluster '{}' is ready on {}: {}", cluster_->node().name(), config_.cluster,
             cluster_->node().address(), counted(published_.size(), "agent"));
  return {};
}

Result<void> NodeProcess::load_types(const std::vector<plugin::AgentType>& types) {
  if (auto added = types_.add(inference_type()); !added) return added;
  for (const plugin::AgentType& type : types) {
    if (auto added = types_.add(type); !added) return added;
  }
  for (const std::string& file : config_.plugins) {
    auto loaded = plugin::load_plugin(file, types_);
    if (!loaded) return tl::unexpected{loaded.error()};
    log_->info("plugin '{}': {}", file, fmt::join(loaded->types, ", "));
    plugins_.push_back(*std::move(loaded));
  }
  // Last, and only where no plugin has taken so common a name.
  if (!types_.find("echo")) {
    if (auto added = types_.add(echo_type()); !added) return added;
  }
  return check_types();
}

Result<void> NodeProcess::check_types() const {
  for (const AgentEntry& entry : config_.agents) {
    if (const auto found = types_.find(entry.type); !found) {
      return fail(Errc::not_found, fmt::format("[[agent]] '{}': {}", entry.names().front(), found.error().message));
    }
  }
  return {};
}

NodeResult<void> NodeProcess::join() {
  network::NodeOptions options;
  options.cluster = config_.cluster;
  options.name = config_.node_name();
  options.listen = config_.listen;
  options.insecure = config_.insecure;
  options.seeds = config_.seeds;
  if (credentials_) options.credentials = credentials_->credentials;
  cluster::ClusterOptions more;
  more.tags = config_.tags;
  more.advertise = config_.advertise;
  more.spawn = [this](std::string_view type, std::string_view settings) {
    auto started = hosted_->start_for_others(type, settings);
    if (started) {
      log_->info("an agent of type '{}' was started, as a node or an operator asked", type);
    } else {
      log_->warn("an agent of type '{}' was asked for by a node or an operator: {}", type, started.error().message);
    }
    return started;
  };
  view_log_ = std::make_shared<ViewLog>(log_, config_.node_name());
  more.on_view = [log = view_log_](const cluster::View& view) { log->look_at(view); };
  options.on_refused = [log = std::make_shared<RefusalLog>(log_)](const std::string& address, const Error& why) {
    log->add(address, why, Clock::now());
  };
  std::set<std::string> singletons;  // what becomes of them is logged by whoever holds their leases
  for (const AgentEntry& entry : config_.agents) {
    for (std::string& name : entry.names()) {
      if (entry.singleton) singletons.insert(std::move(name));
    }
  }
  more.on_end = [log = log_, singletons = std::move(singletons)](const cluster::PublishedAgent& agent,
                                                                 const cluster::AgentEnd& end) {
    if (end.cause != cluster::AgentEnd::Cause::failed || singletons.contains(agent.name)) return;
    log->error("agent '{}'{} has failed, and is not started again: {}", agent.name,
               agent.type.empty() ? "" : fmt::format(" of type '{}'", agent.type), end.reason);
  };
  auto joined = cluster::Cluster::join(*mesh_, std::move(options), std::move(more));
  if (!joined) {
    if (joined.error().code != Errc::io_error) return fail_with(NodeExit::configuration, joined.error());
    return fail_with(
        NodeExit::address,
        {joined.error().code, joined.error().message + ": end what listens there, or give another --listen"});
  }
  cluster_.emplace(*std::move(joined));
  view_log_->explain_by([this](const std::string& node) {
    for (const network::PeerStatus& peer : cluster_->node().peers()) {
      if (peer.node == node) return peer.last_error;
    }
    return std::string{};
  });
  observe_failures(*mesh_, [log = log_, directory = cluster_->directory()](const ChildFailure& failure) {
    log_failure(*log, directory, failure);
  });
  hosted_->lend("directory", cluster_->directory());
  auto operations = operation::Operations::start(
      *mesh_, *cluster_,
      {.cluster_name = config_.cluster,
       .types = &types_,
       .log = book_,
       .on_change = [log = log_](const std::string& what) { log->info("an operator {}", what); }});
  if (!operations) return fail_with(NodeExit::failed, operations.error());
  operations_.emplace(*std::move(operations));
  return {};
}

Result<void> NodeProcess::start_memory() {
  if (!config_.embedded.empty()) {
    const std::size_t validators = std::max<std::size_t>(1, validators_in(config_.embedded));
    auto group = validator::ValidatorGroup::start(*mesh_, {.validators = validators, .folder = config_.embedded});
    if (!group) return tl::unexpected{group.error()};
    group_.emplace(*std::move(group));
    memory_ = Memory::start_session(*mesh_, group_->directory());
  }
  if (!config_.committee.empty()) {
    const auto committee = validator::load_committee_file(config_.committee);
    if (!committee) return fail(Errc::invalid_argument, committee.error().message);
    committee_ = *committee;
    if (!config_.validator.empty()) {
      auto running =
          validator::Validator::start(*mesh_, cluster_->node(), {.folder = config_.validator, .committee = *committee});
      if (!running) return tl::unexpected{running.error()};
      validator_.emplace(*std::move(running));
      log_->info("validator {} of {}", validator_->index(), committee->members.size());
    }
    const auto directory = validator::find_validators(cluster_->node(), *committee);
    if (!directory) return tl::unexpected{directory.error()};
    memory_ = Memory::start_session(*mesh_, *directory);
  }
  if (!memory_) return {};
  hosted_->lend("memory", memory_->session());
  singletons_.emplace(*mesh_, *hosted_, cluster_->directory(), *memory_, log_);
  return {};
}

Result<void> NodeProcess::start_agents() {
  for (const AgentEntry& entry : config_.agents) {
    for (const std::string& name : entry.names()) {
      const auto problem = [&](const Error& error) {
        return fail(error.code, fmt::format("[[agent]] '{}': {}", name, error.message));
      };
      if (entry.singleton) {
        singletons_->add(entry, name);
        continue;
      }
      auto agent = hosted_->start(entry.type, entry.settings, entry.restart_when());
      if (!agent) return problem(agent.error());
      if (auto done = cluster_->publish(name, *agent, entry.type); !done) return problem(done.error());
      published_.push_back(name);
    }
  }
  return {};
}

NodeResult<void> NodeProcess::wait(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any told;
  std::unique_lock lock{mutex};
  if (!committee_ && config_.seeds.empty()) {
    told.wait(lock, stop, [] { return false; });
    return {};
  }
  SeedLog seeds{log_};
  QuorumLog quorum{log_, config_.node_name()};
  const TimePoint begun = Clock::now();
  while (!stop.stop_requested()) {
    told.wait_for(lock, stop, validator_ ? kLook : kLookAtSeeds, [] { return false; });
    seeds.look_at(cluster_->node().seeds());
    if (committee_ && Clock::now() - begun > kOthersMayTake) {
      quorum.look_at(validator_ ? validator_->committee() : *committee_, cluster_->node().peers());
    }
    if (!validator_) continue;
    const validator::ValidatorStatus status = validator_->status();
    if (status.halted.empty()) continue;
    log_->error("its validator has halted: {}", status.halted);
    return fail_with(NodeExit::failed, {Errc::validator_halted, status.halted});
  }
  return {};
}

NodeResult<void> NodeProcess::stop(Duration limit) {
  const TimePoint deadline = time_after(Clock::now(), limit);
  const auto left = [&] { return std::max(Duration{0}, Duration{deadline - Clock::now()}); };
  log_->info("stopping");
  if (view_log_ != nullptr) view_log_->end();
  hosted_->close();
  if (singletons_) singletons_->stop();
  std::map<AgentId, std::string> names;
  for (const cluster::PublishedAgent& agent : cluster_->directory().published()) {
    names.emplace(agent.agent.id(), agent.name);
  }
  for (const std::string& name : published_) cluster_->withdraw(name);
  // Half of the time for what agents have begun; then for what they have sent, for goodbyes, and for those that do not
  // end.
  const std::size_t late = hosted_->drain(left() / 2);
  if (late != 0)
    log_->warn("{} not done in half of the time that there is",
               late == 1 ? "an agent was" : fmt::format("{} agents were", late));
  if (singletons_) singletons_->release(left() / 4);
  if (const auto drained = cluster_->node().drain(left() / 4); !drained) {
    log_->warn("not all that was sent has arrived: {}", drained.error().message);
  }
  cluster_->leave(std::min<Duration>(cluster::limits::kLeaveLimit, left() / 2));
  singletons_.reset();
  memory_.reset();
  validator_.reset();
  group_.reset();
  operations_.reset();
  end_event_logs();
  cluster_.reset();
  const ShutdownReport report = mesh_->shutdown({.drain = left() / 2, .stop = left() / 2});
  std::string stuck;
  for (const ShutdownReport::Stuck& agent : report.stuck) {
    // By the name that people know it by; its supervisor and the agents that it started have none.
    const auto name = names.find(agent.agent);
    const std::string who = name == names.end() ? fmt::format("{} {}", agent.class_name, agent.agent)
                                                : fmt::format("'{}' of class {}", name->second, agent.class_name);
    stuck += fmt::format("{}{}{}", stuck.empty() ? "" : ", ", who, agent.in_handler ? " (in a handler)" : "");
  }
  if (late == 0 && report.stuck.empty()) {
    log_->info("stopped");
    return {};
  }
  Error error{Errc::timeout, fmt::format("{} agents were not done when the time to stop was over{}{}",
                                         std::max(late, report.stuck.size()), stuck.empty() ? "" : ": ", stuck)};
  log_end("stopped", error);
  return fail_with(NodeExit::late, std::move(error));
}

void NodeProcess::log_end(std::string_view what, const Error& error) const {
  if (log_ != nullptr && config_.log != "stderr") log_->error("{}: {}", what, error.message);
}

}  // namespace myelin::tool
