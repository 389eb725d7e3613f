#include "myelin/actors/agent.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <stdexcept>

#include <cxxabi.h>

#include "agent_access.hpp"
#include "cell.hpp"
#include "children.hpp"
#include "runtime/mesh_state.hpp"

namespace myelin {

AgentRef Agent::self() const noexcept { return cell_->ref(); }
TimePoint Agent::now() const noexcept { return cell_->clock_now(); }
FrameHeader Agent::current_header() const noexcept { return cell_->current_header(); }
AgentId Agent::id() const noexcept { return cell_->id(); }
void Agent::send(const AgentRef& to, Frame frame) { cell_->send(to, std::move(frame)); }
void Agent::flush() { cell_->flush(); }
void Agent::cancel(CorrelationId timer_or_question) { cell_->cancel(timer_or_question); }
void Agent::watch(const AgentRef& other) { cell_->watch(other); }
void Agent::link(const AgentRef& other) { cell_->link(other); }
void Agent::stop() noexcept { cell_->stop_agent(std::nullopt); }
void Agent::fail(Error reason) noexcept { cell_->stop_agent(std::move(reason)); }

void Agent::abandon_question(CorrelationId question) noexcept { cell_->abandon_question(question); }
Outbox& Agent::outbox_() { return cell_->outbox(); }
FrameHeader Agent::open_question(Duration timeout, std::unique_ptr<Continuation> then) {
  return cell_->open_question(timeout, std::move(then));
}
void Agent::put_question(const AgentRef& to, Frame frame) { cell_->put_question(to, std::move(frame)); }
CorrelationId Agent::put_frame(const AgentRef& to, const Frame& frame, Duration timeout,
                               std::unique_ptr<Continuation> then) {
  const FrameHeader header = open_question(timeout, std::move(then));
  try {
    put_question(to, frame.with_header(header));
  } catch (...) {
    abandon_question(header.correlation);
    throw;
  }
  return header.correlation;
}
CorrelationId Agent::start_timer(Duration delay, std::unique_ptr<Continuation> then) {
  return cell_->start_timer(delay, std::move(then));
}
CorrelationId Agent::start_repeating(TimePoint first, std::unique_ptr<Continuation> then) {
  return cell_->start_repeating(first, std::move(then));
}
void Agent::start_job(std::unique_ptr<Job> job) { cell_->start_job(std::move(job)); }
std::size_t Agent::room_at(const AgentRef& receiver) const noexcept {
  return receiver.cell() == nullptr ? limits::kMailboxCapacityMax : receiver.cell()->room();
}
AgentRef Agent::start_child(ChildSpec spec) { return cell_->children().start(std::move(spec)); }
void Agent::hold_ready() { cell_->hold_ready(); }
void Agent::become_ready() noexcept { cell_->become_ready(); }
AgentRef Agent::child(std::string_view name) const { return cell_->child(name); }
void Agent::supervise(const SupervisionPolicy& policy) { cell_->children().set_policy(policy); }
AgentRef Agent::spawn_erased(const AgentClass& of, std::unique_ptr<Agent> agent, const SpawnOptions& options) {
  return spawn_agent(cell_->mesh(), of, std::move(agent), options);
}

void HandlerTable::add(const Handler& handler) {
  if (std::ranges::find(rows_, handler.type, &Handler::type) != rows_.end()) {
    throw std::logic_error{"two handlers for messages of type " + message_name(handler) + ": an agent class has one"};
  }
  rows_.insert(rows_.end() - (has_any_ ? 1 : 0), handler);
}

void HandlerTable::add_any(const Handler& handler) {
  add(handler);
  has_any_ = true;
}

std::string message_name(const Handler& handler) {
  if (handler.schema == nullptr) return "any";
  const std::string name = handler.schema().getProto().getDisplayName().cStr();  // "greeting.capnp:Hello"
  return name.substr(name.rfind(':') + 1);
}

namespace detail {
std::size_t next_class_index() noexcept {
  static std::atomic<std::size_t> next{0};
  return next.fetch_add(1, std::memory_order_relaxed);
}

void start_root(Agent& agent, TaskPromise& root, QuestionKey question) {
  AgentAccess::cell(agent).tasks().start(root, question);
}

void start_detached(Agent& agent, TaskPromise& root) { AgentAccess::cell(agent).start_task(root); }

void forget(Agent& agent, CorrelationId id, bool is_timer) noexcept {
  AgentCell& cell = AgentAccess::cell(agent);
  if (is_timer) {
    cell.cancel(id);
  } else {
    cell.abandon_question(id);
  }
}

TurnState& turn_state(const Agent& agent) noexcept { return AgentAccess::cell(agent).turn_state(); }

void leave_batch(Agent& agent, const Frame& frame, std::size_t next, bool threw) noexcept {
  AgentAccess::cell(agent).leave_batch(frame, next, threw);
}

std::string class_name(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> name{abi::__cxa_demangle(type.name(), nullptr, nullptr, &status),
                                                    &std::free};
  return status == 0 ? name.get() : type.name();
}
}  // namespace detail

}  // namespace myelin
