#include "simulation.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "failed_trace.hpp"
#include "turn_failure.hpp"

namespace myelin::testkit {

namespace {

// Apart from each other, so that one more draw of one kind does not change the others.
constexpr std::uint64_t kFaultStream = 0x6661756c74;  // "fault"
constexpr std::uint64_t kTestStream = 0x74657374;     // "test"

}  // namespace

Simulation::Simulation(const TestMeshOptions& with)
    : options{with},
      faults{Random{with.seed ^ kFaultStream}.next()},
      trace{with.trace_entries_max},
      test_random{Random{with.seed ^ kTestStream}.next()},
      order_{with.seed},
      mesh{with.watched ? this : nullptr},
      start{mesh.now()} {
  if (!with.watched) return;
  auto observed = mesh.mesh().dead_letters().observe([this](const DeadLetter& letter) {
    if (!closing_)
      note(TraceEntry::What::dead_letter, letter.receiver, letter.frame ? letter.frame.sender() : 0, letter.frame,
           Parcel::Kind::message);
  });
  observed.detach();
}

Simulation::~Simulation() {
  if (std::uncaught_exceptions() > 0) remember_failed_trace(trace);
  closing_ = true;
  delayed_.clear();
  mesh.mesh().stop();
}

void Simulation::learn_names(const AgentRef& agent, const Frame& frame) {
  if (!trace.knows_agent(agent.id())) trace.name_agent(agent.id(), class_name_of(agent));
  if (frame && !trace.knows_type(frame.type())) {
    if (const std::string name = message_name_of(agent, frame.type()); !name.empty()) {
      trace.name_type(frame.type(), name);
    }
  }
}

void Simulation::note(TraceEntry::What what, AgentId agent, AgentId from, const Frame& frame, Parcel::Kind kind) {
  trace.add({.at = mesh.now() - start,
             .what = what,
             .kind = static_cast<std::uint8_t>(kind),
             .agent = trace.number_of(agent),
             .from = trace.number_of(from),
             .messages = frame ? static_cast<std::uint32_t>(frame.size()) : 1,
             .type = frame ? frame.type() : 0});
}

void Simulation::note(TraceEntry::What what, const Parcel& parcel) {
  note(what, parcel.to().id(), parcel.from(), parcel.frame(), parcel.kind());
}

void Simulation::deliver(Parcel& parcel) noexcept {
  if (closing_) return;
  learn_names(parcel.to(), parcel.frame());
  Faults::Rules& rules = *faults.rules_;
  const std::size_t messages = parcel.frame() ? parcel.frame().size() : 1;
  const Faults::Rules::Verdict verdict = rules.judge(parcel);
  if (verdict.drop) {
    rules.counts.dropped += messages;
    note(TraceEntry::What::dropped, parcel);
    Parcel{std::move(parcel)};
    return;
  }
  if (verdict.duplicate) {
    rules.counts.duplicated += messages;
    note(TraceEntry::What::duplicated, parcel);
  }
  TimePoint due = mesh.now() + verdict.delay;
  if (verdict.keep_order && (verdict.delay > Duration::zero() || !busy_until_.empty())) {
    const Way way{parcel.from(), parcel.to().id(), parcel.frame() ? parcel.frame().lane() : Lane::normal};
    if (const auto busy = busy_until_.find(way); busy != busy_until_.end()) due = std::max(due, busy->second);
    if (due > mesh.now()) busy_until_[way] = due;
  }
  if (due > mesh.now()) {
    rules.counts.delayed += messages;
    note(TraceEntry::What::delayed, parcel);
    if (verdict.duplicate) delayed_.emplace(std::pair{due, delays_++}, parcel.copy());
    delayed_.emplace(std::pair{due, delays_++}, std::move(parcel));
    return;
  }
  if (verdict.duplicate) {
    note(TraceEntry::What::sent, parcel);
    parcel.copy().deliver();
  }
  note(TraceEntry::What::sent, parcel);
}

void Simulation::handle(const AgentRef& agent, const Frame& frame, Parcel::Kind kind) {
  if (closing_) return;
  learn_names(agent, frame);
  const bool strikes = kind == Parcel::Kind::message || kind == Parcel::Kind::question;
  if (strikes && faults.rules_->crashes(agent, frame.size())) {
    ++faults.rules_->counts.crashed;
    note(TraceEntry::What::crashed, agent.id(), frame.sender(), frame, kind);
    throw std::runtime_error{fmt::format("a crash injected by the test kit (seed {})", options.seed)};
  }
  note(TraceEntry::What::handled, agent.id(), frame.sender(), frame, kind);
}

bool Simulation::step() {
  const std::size_t runnable = mesh.runnable();
  if (runnable == 0) return false;
  std::size_t index = 0, messages = 1;
  if (options.seed != 0) {
    index = order_.below(runnable);
    messages += order_.below(options.turn_messages_max);
  }
  turn_failure = {.in_turn = true, .what = {}};
  mesh.step(index, messages);
  turn_failure.in_turn = false;
  return true;
}

TimePoint Simulation::next_due() const noexcept {
  return delayed_.empty() ? mesh.next_due() : std::min(mesh.next_due(), delayed_.begin()->first.first);
}

void Simulation::move_to(TimePoint moment) {
  mesh.advance(moment - mesh.now());
  deliver_due();
}

void Simulation::deliver_due() {
  std::erase_if(busy_until_, [now = mesh.now()](const auto& way) { return way.second <= now; });
  while (!delayed_.empty() && delayed_.begin()->first.first <= mesh.now()) {
    Parcel parcel = std::move(delayed_.extract(delayed_.begin()).mapped());
    note(TraceEntry::What::sent, parcel);
    std::move(parcel).deliver();
  }
}

}  // namespace myelin::testkit
