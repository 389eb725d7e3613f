/// The cell's part in supervision: what happens between an agent's end and its successor's start.
#include <algorithm>
#include <exception>
#include <optional>

#include <caf/actor_clock.hpp>

#include "cell.hpp"
#include "lifecycle.hpp"
#include "myelin/actors/restart.hpp"
#include "runtime/class_metrics.hpp"
#include "runtime/mesh_state.hpp"
#include "runtime/turn_context.hpp"

namespace myelin {

namespace {

Error error_of_current_exception() {
  try {
    throw;
  } catch (const std::exception& exception) {
    return {Errc::handler_failed, exception.what()};
  } catch (...) {
    return {Errc::handler_failed, "an exception that is no std::exception"};
  }
}

bool may_return(const Lifecycle* life, bool failed) noexcept {
  if (life == nullptr || !life->supervisor || life->for_good) return false;
  return life->told_to_rest || life->when == RestartWhen::always || (failed && life->when == RestartWhen::on_failure);
}

}  // namespace

Lifecycle& AgentCell::lifecycle() {
  if (lifecycle_ == nullptr) {
    auto made = std::make_unique<Lifecycle>();
    const std::lock_guard guard{mesh_.names};
    lifecycle_ = std::move(made);
  }
  return *lifecycle_;
}

Children& AgentCell::children() {
  Lifecycle& life = lifecycle();
  if (life.children == nullptr) {
    auto made = std::make_unique<Children>(*this);
    const std::lock_guard guard{mesh_.names};
    life.children = std::move(made);
  }
  return *life.children;
}

bool AgentCell::is_supervised() const noexcept {
  const std::lock_guard guard{mesh_.names};
  return lifecycle_ != nullptr && lifecycle_->supervisor;
}

AgentRef AgentCell::child(std::string_view name) const {
  const std::lock_guard guard{mesh_.names};
  if (lifecycle_ == nullptr || lifecycle_->children == nullptr) return {};
  return lifecycle_->children->find(name);
}

void AgentCell::signal(EntryKind kind) noexcept {
  auto* entry = new SignalEntry;
  entry->kind = entry_tag(kind, Lane::control);
  deliver(entry);
}

void AgentCell::put_start() noexcept {
  auto* entry = new SignalEntry;
  entry->kind = entry_tag(EntryKind::start, Lane::control);
  static_cast<void>(inbox_.push(entry));  // not scheduled: and whoever pushes later does not, for the inbox is awake
}

// -- ready, and done -------------------------------------------------------------------------------------------------

void AgentCell::set_state(AgentState state) noexcept {
  state_.store(state, std::memory_order_seq_cst);
  mesh_.state_watch.changed();
}

void AgentCell::hold_ready() {
  if (phase_ != Phase::running || state() != AgentState::starting) return;
  lifecycle().holds = false;
  phase_ = Phase::starting;
}

void AgentCell::become_ready() noexcept {
  if (phase_ != Phase::starting) return;
  phase_ = Phase::running;
  inbox_.bring_back();
  // Within on_start(), started() says it.
  if (lifecycle_->holds) set_state(lifecycle_->draining ? AgentState::draining : AgentState::ready);
}

/// on_start() is over.
void AgentCell::started() noexcept {
  if (turn_.stopping) return;
  if (phase_ == Phase::running) {
    set_state(lifecycle_ != nullptr && lifecycle_->draining ? AgentState::draining : AgentState::ready);
  } else {
    // Leaves the loop of resume(), which knows nothing of phases.
    lifecycle_->holds = true;
    lifecycle_->leaves_turn = true;
    turn_.stopping = true;
  }
}

/// What must come to an end before the agent has done what it was asked to.
std::uint32_t AgentCell::open_work() const noexcept {
  const std::size_t open = (waiting_ == nullptr ? 0 : waiting_->open()) + (tasks_ == nullptr ? 0 : tasks_->size()) +
                           jobs_ + (paused_by_ ? 1 : 0) + (phase_ == Phase::running ? 0 : 1);
  return static_cast<std::uint32_t>(open);
}

void AgentCell::tell_work() noexcept {
  const bool draining = lifecycle_ != nullptr && lifecycle_->draining;
  if (!draining && !mesh_.draining.load(std::memory_order_relaxed)) return;
  const std::uint32_t open = open_work();
  open_work_.store(open, std::memory_order_relaxed);
  if (!draining || open != 0 || !inbox_.is_empty()) return;
  lifecycle_->for_good = true;
  stop_agent(std::nullopt);
}

// -- messages that an agent failed at --------------------------------------------------------------------------------

void AgentCell::failed_at(const Frame& frame, std::size_t first, std::size_t messages) noexcept {
  mesh_.dead_letters.add({Errc::handler_failed, id(), frame, messages, first});
}

void AgentCell::leave_batch(const Frame& frame, std::size_t next, bool threw) noexcept {
  const bool failed = threw || failure_ != nullptr;
  if (failed) {
    failed_at(frame, next - 1, 1);
    failed_frame_ = {};
    failure_seen_to_ = true;
  }
  const std::size_t rest = frame.size() - next;
  if (rest == 0) return;
  if (!may_return(lifecycle_.get(), failed)) {
    mesh_.dead_letters.add({Errc::receiver_dead, id(), frame, rest, next});
    return;
  }
  auto* entry = new SharedEntry;
  entry->kind = entry_tag(EntryKind::shared_message, frame.lane());
  entry->weight = weight_of(rest);
  entry->first = static_cast<std::uint32_t>(next);
  entry->frame = frame;
  inbox_.set_aside(entry);
}

// -- the end of an agent, and its successor --------------------------------------------------------------------------

/// The agent is to run no longer. Ends the cell too, or has it wait for its children or its supervisor.
caf::resumable::resume_result AgentCell::end_incarnation() noexcept {
  if (lifecycle_ != nullptr && std::exchange(lifecycle_->leaves_turn, false)) {
    turn_.stopping = false;
    return resumable::resume_later;
  }
  if (failed_frame_) failed_at(std::exchange(failed_frame_, {}), 0, 0);
  failure_seen_to_ = false;
  if (lifecycle_ == nullptr) {
    finish();
    return resumable::done;
  }
  Lifecycle& life = *lifecycle_;
  const bool mesh_stops = mesh_.stopping.load(std::memory_order_acquire);
  life.returns = !mesh_stops && may_return(&life, failure_ != nullptr);
  if (life.children != nullptr && mesh_stops) {
    life.children->abandon();
  } else if (life.children != nullptr) {
    discard_work();
    turn_.stopping = false;  // the runtime's own timers run on
    phase_ = Phase::ending_children;
    if (!life.children->take_down(life.returns ? Children::Rest::suspended : Children::Rest::stopped)) {
      return resumable::resume_later;
    }
  }
  end_or_suspend();
  return phase_ == Phase::finished ? resumable::done : resumable::resume_later;
}

void AgentCell::children_at_rest() noexcept { lifecycle_->children_at_rest = phase_ == Phase::ending_children; }

void AgentCell::end_or_suspend() noexcept {
  if (lifecycle_->returns) {
    suspend();
  } else {
    finish();
  }
}

/// Ends whatever the agent waits for. What it told before is sent.
void AgentCell::discard_work() noexcept {
  if (outbox_ != nullptr) outbox_->flush_all();
  flush_counts();
  {
    // Their askers may try again where a successor comes.
    std::optional<AgentFails> fails;
    std::optional<AgentEnds> ends;
    lifecycle_->returns ? static_cast<void>(fails.emplace()) : static_cast<void>(ends.emplace());
    if (tasks_ != nullptr) tasks_->destroy_all();
    if (waiting_ != nullptr) {
      waiting_->take_all([this](CorrelationId id, const Waiting::Item& item) { give_up(item.callee, id); });
    }
  }
  if (armed_ != kNever) clock().cancel_timeouts(this);
  armed_ = kNever;
  if (paused_by_) {
    mesh_.back_pressure.withdraw(*this);
    paused_by_ = {};
  }
  ++incarnation_;  // jobs that it started find another
}

void AgentCell::suspend() noexcept {
  Lifecycle& life = *lifecycle_;
  if (failure_ == nullptr && !life.rested) {
    try {
      agent_->on_stop();
    } catch (...) {
      failure_ = std::make_unique<Error>(error_of_current_exception());
    }
  }
  life.rested = true;
  discard_work();
  phase_ = Phase::suspended;
  turn_.stopping = false;
  set_state(AgentState::restarting);
  report(static_cast<std::uint8_t>(life.told_to_rest ? ReportEntry::What::resting : ReportEntry::What::failed));
  life.told_to_rest = false;
  if (std::exchange(life.restart_due, false)) restart();
}

void AgentCell::restart() noexcept {
  Lifecycle& life = *lifecycle_;
  std::unique_ptr<Agent> next;
  try {
    next = life.make();
  } catch (...) {
    failure_ = std::make_unique<Error>(error_of_current_exception());
    report(static_cast<std::uint8_t>(ReportEntry::What::failed));
    return;
  }
  next->cell_ = this;
  tasks_.reset();  // it has come to its end: the successor's coroutines have their own
  const std::unique_ptr<Error> failure = std::move(failure_);
  std::unique_ptr<Agent> predecessor = std::exchange(agent_, std::move(next));
  life.rested = false;
  phase_ = Phase::running;
  set_state(AgentState::starting);
  if (metrics_ != nullptr) metrics_->restarted.add_shared(1);
  inbox_.bring_back();
  if (life.children != nullptr) life.children->supervisor_restarts();
  try {
    Restart about{*predecessor, failure.get(), life.attempt};
    agent_->on_restart(about);
  } catch (...) {
    stop_agent(error_of_current_exception());
  }
  {
    const AgentFails fails;
    predecessor.reset();
  }
  if (turn_.stopping) return;
  try {
    if (class_.at_spawn != nullptr) class_.at_spawn(*agent_);
    agent_->on_start();
    life.holds = true;
    if (phase_ == Phase::running) started();
    if (life.children != nullptr && !turn_.stopping) life.children->stop_unclaimed();
  } catch (...) {
    stop_agent(error_of_current_exception());
  }
}

void AgentCell::report(std::uint8_t what) noexcept {
  AgentCell* supervisor = lifecycle_->supervisor.cell();
  if (supervisor == nullptr) return;
  auto* entry = new ReportEntry;
  entry->kind = entry_tag(EntryKind::report, Lane::control);
  entry->child = ref();
  entry->epoch = lifecycle_->epoch;
  entry->what = static_cast<ReportEntry::What>(what);
  if (failure_ != nullptr) entry->error = *failure_;
  supervisor->deliver(entry);
}

/// A child's report came after the end of its supervisor: nobody will restart it.
void AgentCell::refuse_report(QueueLink* link) noexcept {
  const std::unique_ptr<ReportEntry> entry{static_cast<ReportEntry*>(link)};
  if (entry->what != ReportEntry::What::ended) entry->child.cell()->tell_to_stop();
}

void AgentCell::handle_order(OrderEntry& order) {
  Lifecycle& life = *lifecycle_;
  life.epoch = order.epoch;
  if (order.restart) {
    life.attempt = order.attempt;
    if (order.make != nullptr) life.make = std::move(order.make);
    if (phase_ == Phase::suspended) {
      restart();
    } else {
      life.restart_due = phase_ == Phase::ending_children;
    }
  } else if (phase_ == Phase::suspended) {
    report(static_cast<std::uint8_t>(ReportEntry::What::resting));
  } else {
    life.told_to_rest = true;
    if (phase_ == Phase::running || phase_ == Phase::starting) stop_agent(std::nullopt);
  }
}

// -- turns in which the agent's own code does not run ----------------------------------------------------------------

caf::resumable::resume_result AgentCell::resume_restricted(std::size_t max_throughput) noexcept {
  if (phase_ == Phase::finished) return resumable::done;
  sending_.sent = 0;
  sent_counted_ = 0;
  for (std::size_t left = std::min(max_throughput, limits::kTurnMessagesMax); left > 0;) {
    const bool starting = phase_ == Phase::starting;
    QueueLink* entry = starting && !paused_by_ ? inbox_.pop() : inbox_.pop_control();
    if (entry == nullptr) {
      if (refill()) continue;
      if (starting) {
        end_turn();
        if (turn_.stopping) return end_incarnation();
        if (phase_ == Phase::running) return resumable::resume_later;
        if (paused_by_) return pause() ? resumable::awaiting_message : resumable::resume_later;
        if (inbox_.try_block()) return resumable::awaiting_message;
        continue;
      }
      return rest_until_control() ? resumable::awaiting_message : resumable::resume_later;
    }
    --left;
    handle_restricted(entry);
    // Not from within: what the children are told by would be destroyed.
    if (lifecycle_ != nullptr && std::exchange(lifecycle_->children_at_rest, false)) end_or_suspend();
    if (phase_ == Phase::finished) return resumable::done;
    if (phase_ == Phase::starting && turn_.stopping) return end_incarnation();
    if (phase_ == Phase::running) return turn_.stopping ? end_incarnation() : resumable::resume_later;
  }
  if (phase_ == Phase::starting) end_turn();
  return resumable::resume_later;
}

/// Suspended, or while its children end: the agent is not to return.
void AgentCell::end_for_good() noexcept {
  Lifecycle& life = *lifecycle_;
  life.returns = false;
  if (life.children != nullptr && mesh_.stopping.load(std::memory_order_acquire)) {
    life.children->abandon();
  } else if (life.children != nullptr) {
    turn_.stopping = false;  // the runtime's own timers run on
    phase_ = Phase::ending_children;
    if (!life.children->take_down(Children::Rest::stopped)) return;
  }
  finish();
}

void AgentCell::handle_restricted(QueueLink* link) noexcept {
  Lifecycle& life = *lifecycle_;
  switch (kind_of(*link)) {
    case EntryKind::message:
    case EntryKind::shared_message:
      inbox_.set_aside(link);
      while (when_full_ == Overload::drop_oldest && inbox_.kept() > inbox_.capacity()) {
        bounce(inbox_.pop_oldest_kept(), overloaded());
      }
      return;
    case EntryKind::stop:
      if (phase_ == Phase::starting) return handle(link);
      delete static_cast<SignalEntry*>(link);
      life.for_good = true;
      end_for_good();
      return;
    default: {
      const bool was_for_good = life.for_good;
      handle(link);
      // CAF's own way to stop an agent.
      if (life.for_good && !was_for_good && (phase_ == Phase::suspended || phase_ == Phase::ending_children)) {
        return end_for_good();
      }
    }
  }
  if (phase_ == Phase::running || phase_ == Phase::starting || phase_ == Phase::finished) return;
  turn_.stopping = false;  // by a linked agent that failed: this one has ended, or failed, before
  if (room_wanted_) give_room();
}

/// Leaves the worker until something comes that has a part even now. True once that is so: then another thread may run
/// the agent at any moment, and nothing of it may be touched.
bool AgentCell::rest_until_control() noexcept {
  pause_state.store(PauseState::paused, std::memory_order_seq_cst);
  if (!inbox_.has_new()) return true;
  PauseState expected = PauseState::paused;
  return !pause_state.compare_exchange_strong(expected, PauseState::running, std::memory_order_seq_cst);
}

}  // namespace myelin
