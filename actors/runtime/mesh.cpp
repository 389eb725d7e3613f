#include "myelin/actors/mesh.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <random>
#include <thread>
#include <unordered_map>

#include <caf/actor_cast.hpp>
#include <caf/io/middleman.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include "agent/agent_key.hpp"
#include "agent/cell.hpp"
#include "agent/lifecycle.hpp"
#include "agent/remote_cell.hpp"
#include "coordinator.hpp"
#include "interop/error_mapping.hpp"
#include "mesh_state.hpp"
#include "myelin/actors/caf_interop.hpp"
#include "turn_context.hpp"

namespace myelin {

void observe_failures(Mesh& mesh, std::function<void(const ChildFailure&)> observer) {
  MeshState& state = mesh.state();
  const std::lock_guard guard{state.failures};
  state.on_failure = std::move(observer);
}

namespace {

std::size_t worker_count(const MeshConfig& config) {
  return config.workers != 0 ? config.workers : std::max(1U, std::thread::hardware_concurrency());
}

std::uint64_t random_seed() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

/// The number of a waiting thread's question: it has one at a time.
constexpr CorrelationId kOnlyQuestion = 1;

/// A thread that waits for one answer.
class WaitingThread final : public ReplyPort {
 public:
  explicit WaitingThread(DeadLetters& dead_letters) : dead_letters_{dead_letters} {}

  void answer(Frame frame) noexcept override {
    {
      const std::lock_guard guard{mutex_};
      if (!gave_up_) {
        outcome_.emplace(std::move(frame));
        changed_.notify_one();
        return;
      }
    }
    dead_letters_.add({Errc::late_answer, 0, std::move(frame)});
  }
  void fail(CorrelationId /*question*/, Error error) noexcept override {
    const std::lock_guard guard{mutex_};
    if (!outcome_) outcome_.emplace(tl::unexpected{std::move(error)});
    changed_.notify_one();
  }
  void retain() noexcept override { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept override {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

  /// **Requires**: called once.
  [[nodiscard]] Result<Frame> wait(TimePoint deadline, const std::stop_token& stop) {
    std::unique_lock guard{mutex_};
    if (changed_.wait_until(guard, stop, deadline, [this] { return outcome_.has_value(); })) {
      return *std::move(outcome_);
    }
    gave_up_ = true;
    if (stop.stop_requested()) return myelin::fail(Errc::cancelled, "the asker cancelled the question");
    return myelin::fail(Errc::timeout, "no answer came before the deadline");
  }
  /// **Requires**: wait() has returned.
  [[nodiscard]] bool gave_up() const noexcept { return gave_up_; }

 private:
  ~WaitingThread() = default;

  DeadLetters& dead_letters_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::optional<Result<Frame>> outcome_;
  bool gave_up_ = false;
  std::atomic<int> references_{1};
};

}  // namespace

MeshState::CafConfig::CafConfig(const MeshConfig& mesh_config) {
  add_frame_message_type(*this);
  opt_group{custom_options_, "myelin"}.add<bool>("pin-workers", "ties each worker to one processor");
  set("scheduler.max-threads", worker_count(mesh_config));
  set(Coordinator::kPinOption, mesh_config.pin_workers);
  if (mesh_config.deterministic) {
    set("scheduler.policy", caf::atom("testing"));
  } else {
    load<Coordinator>();
  }
  if (mesh_config.network) {
    load<caf::io::middleman>();
    // CAF's defaults notice no dead peer and let one flooded actor keep a worker.
    set("middleman.heartbeat-interval", caf::timespan{std::chrono::seconds{1}});
    set("middleman.connection-timeout", caf::timespan{std::chrono::seconds{5}});
    if (mesh_config.deterministic) set("middleman.manual-multiplexing", true);
  }
}

MeshState::MeshState(const MeshConfig& mesh_config)
    : config{mesh_config},
      tracer{mesh_config.trace_one_in, mesh_config.deterministic ? 1 : random_seed()},
      caf_config{mesh_config} {
  if (config.metrics) metrics = std::make_unique<MetricsRegistry>(worker_count(config));
  system = std::make_unique<caf::actor_system>(caf_config);
  system->await_actors_before_shutdown(false);  // agents end by the mesh's stop()
  node_key = config.deterministic ? 1 : random_seed();
  jobs = std::make_unique<JobPool>(config.deterministic ? 0 : std::max<std::size_t>(1, config.job_threads));
}

AgentRef spawn_agent(MeshState& mesh, const AgentClass& of, std::unique_ptr<Agent> agent, const SpawnOptions& options) {
  return spawn_child(mesh, of, std::move(agent), options, nullptr);
}

AgentRef spawn_child(MeshState& mesh, const AgentClass& of, std::unique_ptr<Agent> agent, const SpawnOptions& options,
                     std::unique_ptr<Lifecycle> lifecycle) {
  if (mesh.closed.load(std::memory_order_acquire)) return {};
  Agent& unseen = *agent;
  const caf::actor handle = mesh.system->spawn<AgentCell, caf::lazy_init + caf::hidden>(
      mesh, of, std::move(agent), options.mailbox ? *options.mailbox : of.mailbox, &lifecycle);
  AgentRef ref = to_agent_ref(handle);
  AgentCell& cell = *ref.cell();
  // The first entry of all: a stop cannot come before it. The agent runs once the registry knows it, for it may end at
  // once, and its children may report before that.
  const bool starts = of.has_start || of.at_spawn != nullptr;
  if (starts) cell.put_start();
  if (of.at_spawn != nullptr) {
    try {
      of.at_spawn(unseen);
    } catch (...) {
      cell.children().abandon();
      throw;
    }
  }
  cell.retain();  // the registry's reference
  mesh.registry.add(cell);
  if (starts) cell.begin();
  // A mesh that began to stop meanwhile may not have seen this agent.
  if (mesh.closed.load(std::memory_order_seq_cst)) cell.tell_to_stop();
  return ref;
}

Mesh::Mesh(const MeshConfig& config) : state_{std::make_unique<MeshState>(config)} {}

AgentRef Mesh::spawn_erased(const AgentClass& of, std::unique_ptr<Agent> agent, const SpawnOptions& options) {
  if (state_->refusing.load(std::memory_order_acquire)) return {};
  return spawn_agent(*state_, of, std::move(agent), options);
}

void Mesh::send(const AgentRef& to, Frame frame) {
  if (!frame) {
    state_->dead_letters.add({.cause = Errc::invalid_argument, .receiver = to.id()});
  } else if (state_->refusing.load(std::memory_order_acquire)) {
    state_->dead_letters.add({Errc::receiver_dead, to.id(), std::move(frame)});
  } else if (AgentCell* cell = to.cell(); cell != nullptr) {
    const Delivery delivery = cell->deliver(std::move(frame), nullptr);
    if (delivery == Delivery::taken_but_full && turn_context.unit == nullptr && !state_->config.deterministic) {
      state_->back_pressure.wait(to);
    }
  } else if (RemoteRoute* route = to ? route_of(to) : nullptr; route != nullptr) {
    const Delivery delivery = route->deliver(frame, nullptr);
    if (delivery == Delivery::refused) {
      state_->dead_letters.add({Errc::overloaded, to.id(), std::move(frame)});
    } else if (delivery == Delivery::taken_but_full && turn_context.unit == nullptr && !state_->config.deterministic) {
      state_->back_pressure.wait(to);
    }
  } else if (to) {
    to.control()->enqueue(nullptr, caf::make_message_id(), caf::make_message(std::move(frame)), nullptr);
  } else {
    state_->dead_letters.add({Errc::receiver_dead, 0, std::move(frame)});
  }
}

Result<Frame> Mesh::ask_and_wait(const AgentRef& to, const Frame& frame, Duration timeout,
                                 const std::stop_token& stop) {
  const TimePoint deadline = time_after(Clock::now(), timeout);
  if (!to) return myelin::fail(Errc::receiver_dead, "the question was put to no agent: an empty AgentRef");
  if (state_->refusing.load(std::memory_order_acquire)) {
    return myelin::fail(Errc::receiver_dead, "the mesh is being shut down: nobody is asked any more");
  }
  RemoteRoute* route = to.is_local() ? nullptr : route_of(to);
  if (!to.is_local() && route == nullptr) return ask_plain_actor(to, frame, timeout);
  auto* waiting = new WaitingThread{state_->dead_letters};
  waiting->retain();  // the question's reference
  Frame question = frame.with_header({.correlation = kOnlyQuestion, .deadline = deadline, .trace = begin_trace()});
  if (route == nullptr) {
    to.cell()->deliver(std::move(question), waiting);
  } else {
    static_cast<void>(route->deliver(question, waiting));
  }
  Result<Frame> outcome = waiting->wait(deadline, stop);
  if (waiting->gave_up()) {
    if (route == nullptr) {
      to.cell()->cancel_question(waiting, kOnlyQuestion);
    } else {
      route->cancel(waiting, kOnlyQuestion);
    }
  }
  waiting->release();
  return outcome;
}

Result<Frame> Mesh::ask_plain_actor(const AgentRef& to, const Frame& frame, Duration timeout) {
  Result<Frame> outcome = myelin::fail(Errc::timeout, "no answer came before the deadline");
  caf::scoped_actor self{*state_->system};
  self->request(to_caf_actor(to), timeout, frame)
      .receive([&](const Frame& answer) { outcome = answer; },
               [&](const caf::error& error) { outcome = tl::unexpected{from_caf_error(error)}; });
  return outcome;
}

AgentRef Mesh::child(const AgentRef& supervisor, std::string_view name) const {
  return supervisor.cell() == nullptr ? AgentRef{} : supervisor.cell()->child(name);
}

void Mesh::stop_agent(const AgentRef& agent) {
  if (AgentCell* cell = agent.cell(); cell != nullptr) {
    cell->tell_to_stop();
  } else if (agent) {
    caf::anon_send_exit(to_caf_actor(agent), caf::exit_reason::user_shutdown);
  }
}

std::size_t Mesh::agents_running() const noexcept { return state_->registry.size(); }
std::size_t Mesh::workers() const noexcept { return worker_count(state_->config); }
TraceContext Mesh::begin_trace() noexcept { return state_->tracer.sample(); }
Tracer& Mesh::tracer() noexcept { return state_->tracer; }

MeshMetrics Mesh::metrics() const {
  if (state_->metrics == nullptr) return {};
  MeshMetrics metrics = state_->metrics->sum();
  std::unordered_map<const AgentClass*, std::uint64_t> waiting;
  state_->registry.for_each([&](AgentCell& cell) { waiting[&cell.agent_class()] += cell.depth(); });
  for (const auto& [of, depth] : waiting) {
    for (AgentClassMetrics& one : metrics.classes) {
      if (one.name == of->name) one.waiting += depth;
    }
  }
  return metrics;
}

DeadLetters& Mesh::dead_letters() noexcept { return state_->dead_letters; }

}  // namespace myelin
