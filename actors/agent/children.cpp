#include "children.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include <fmt/format.h>

#include "cell.hpp"
#include "lifecycle.hpp"
#include "myelin/actors/supervisor.hpp"
#include "runtime/mesh_state.hpp"

namespace myelin {

Duration Backoff::delay(unsigned attempt, double chance) const noexcept {
  if (initial <= Duration{0}) return Duration{0};
  const double grown = static_cast<double>(initial.count()) * std::pow(factor, attempt - 1.0);
  const double shaken = grown * (1 + std::clamp(jitter, 0.0, 1.0) * (2 * chance - 1));
  // Compared as double, for the power may be beyond what a Duration holds.
  return shaken >= static_cast<double>(max.count()) ? max : Duration{static_cast<Duration::rep>(shaken)};
}

void Supervisor::at_spawn(Agent& agent) {
  auto& self = static_cast<Supervisor&>(agent);
  self.supervise(self.spec_.policy);
  for (const ChildSpec& child : self.spec_.children) self.start_child(child);
}

void Children::set_policy(const SupervisionPolicy& policy) {
  policy_ = policy;
  random_.seed(policy.seed);
}

Children::Row* Children::row_of(const AgentRef& child) noexcept {
  const auto found = std::ranges::find(rows_, child, &Row::ref);
  return found == rows_.end() ? nullptr : &*found;
}

AgentRef Children::find(std::string_view name) const {
  const auto found = std::ranges::find_if(rows_, [&](const Row& row) { return row.spec.name == name; });
  return found == rows_.end() ? AgentRef{} : found->ref;
}

AgentRef Children::start(ChildSpec spec) {
  if (!spec.name.empty()) {
    for (Row& row : rows_) {
      if (row.spec.name != spec.name) continue;
      if (!row.unclaimed || row.spec.agent_class != spec.agent_class) {
        throw std::logic_error{"there is a child named " + spec.name + " already: give this one another name"};
      }
      {
        const std::lock_guard guard{self_.mesh().names};  // others look children up by name
        std::swap(row.spec, spec);
      }
      row.unclaimed = false;
      row.attempt = 0;
      restart(row, 0);
      return row.ref;
    }
  }
  auto life = std::make_unique<Lifecycle>();
  life->supervisor = self_.ref();
  life->make = spec.make;
  life->when = spec.restart;
  const AgentRef child = spawn_child(self_.mesh(), *spec.agent_class, spec.make(), spec.options, std::move(life));
  if (!child) return {};  // the mesh stops
  const std::lock_guard guard{self_.mesh().names};
  rows_.push_back({.spec = std::move(spec), .ref = child, .started = self_.clock_now()});
  return child;
}

// -- failures --------------------------------------------------------------------------------------------------------

void Children::on_report(const ReportEntry& report) {
  Row* row = row_of(report.child);
  if (row == nullptr) return;
  if (report.what == ReportEntry::What::ended) {
    remove(report.child);
    proceed();
  } else if (report.epoch == row->epoch) {
    row->state = State::down;
    if (report.what == ReportEntry::What::resting || ending_) {
      proceed();
    } else {
      failed(*row, report.error);
    }
  }
}

void Children::failed(Row& row, const Error& error) {
  const TimePoint now = self_.clock_now();
  const bool returns = within_intensity(now);
  if (now - row.started > policy_.period) row.attempt = 0;
  ++row.attempt;
  {
    MeshState& mesh = self_.mesh();
    const std::lock_guard guard{mesh.failures};
    if (mesh.on_failure) mesh.on_failure({row.ref, row.spec.name, error, returns, row.attempt});
  }
  if (!returns) {
    self_.stop_agent(Error{
        Errc::restarts_exceeded,
        fmt::format("child {} of {} failed once more than the {} times within {} ms that its "
                    "supervisor allows: {}",
                    row.spec.name.empty() ? row.spec.agent_class->name : row.spec.name, self_.agent_class().name,
                    policy_.restarts_max, std::chrono::duration_cast<std::chrono::milliseconds>(policy_.period).count(),
                    error.message)});
    return;
  }
  if (policy_.strategy == Strategy::one_for_one) {
    const Duration wait = policy_.backoff.delay(row.attempt, chance());
    if (wait == Duration{0}) {
      restart(row, row.attempt);
    } else {
      after(wait, [this, child = row.ref, epoch = row.epoch] {
        Row* waiting = row_of(child);
        if (waiting != nullptr && waiting->epoch == epoch) restart(*waiting, waiting->attempt);
      });
    }
    return;
  }
  std::size_t first = policy_.strategy == Strategy::one_for_all ? 0 : static_cast<std::size_t>(&row - rows_.data());
  if (group_ && group_->timer != 0) self_.cancel(group_->timer);
  group_ = Group{.first = group_ ? std::min(first, group_->first) : first, .attempt = row.attempt, .failed = row.ref};
  proceed();
}

bool Children::within_intensity(TimePoint now) {
  std::erase_if(failures_, [&](TimePoint then) { return now - then > policy_.period; });
  if (failures_.size() >= policy_.restarts_max) return false;
  failures_.push_back(now);
  return true;
}

double Children::chance() { return std::uniform_real_distribution<>{0, 1}(random_); }

template <class Then>
CorrelationId Children::after(Duration wait, Then then) {
  return self_.start_timer(wait, make_timer_continuation(std::move(then)));
}

// -- taking down and bringing back -----------------------------------------------------------------------------------

/// Goes on with what is under way, if its next step waits for nothing.
void Children::proceed() {
  if (ending_) {
    if (!tell_one_to_rest(0)) self_.children_at_rest();
    return;
  }
  if (!group_ || group_->timer != 0 || tell_one_to_rest(group_->first)) return;
  const Duration wait = policy_.backoff.delay(group_->attempt, chance());
  if (wait == Duration{0}) {
    restart_group();
  } else {
    group_->timer = after(wait, [this] { restart_group(); });
  }
}

/// The last that is not at rest, of those from `first` on. False if all are.
bool Children::tell_one_to_rest(std::size_t first) {
  const bool stop_all = ending_ == Rest::stopped;
  for (std::size_t index = rows_.size(); index-- > first;) {
    Row& row = rows_[index];
    if (row.state == State::told_to_rest) return true;
    if (row.state == State::down && !stop_all) continue;
    ++row.epoch;
    row.state = State::told_to_rest;
    AgentCell& child = *row.ref.cell();
    if (stop_all || row.spec.restart == RestartWhen::never) {
      child.tell_to_stop();
    } else {
      auto* order = new OrderEntry;
      order->kind = entry_tag(EntryKind::order, Lane::control);
      order->epoch = row.epoch;
      child.deliver(order);
    }
    after(policy_.stop_limit, [this, ref = row.ref, epoch = row.epoch] { give_up_on(ref, epoch); });
    return true;
  }
  return false;
}

/// A child that is stuck in a handler: it will find the orders when it returns.
void Children::give_up_on(const AgentRef& child, std::uint32_t epoch) {
  Row* row = row_of(child);
  if (row == nullptr || row->epoch != epoch || row->state != State::told_to_rest) return;
  row->state = State::down;
  if (ending_ == Rest::stopped || row->spec.restart == RestartWhen::never) remove(child);
  proceed();
}

void Children::restart_group() {
  const Group group = *group_;
  group_.reset();
  for (std::size_t index = group.first; index < rows_.size(); ++index) {
    Row& row = rows_[index];
    if (row.state == State::down) restart(row, row.ref == group.failed ? group.attempt : 0);
  }
}

void Children::restart(Row& row, unsigned attempt) {
  auto* order = new OrderEntry;
  order->kind = entry_tag(EntryKind::order, Lane::control);
  order->epoch = ++row.epoch;
  order->restart = true;
  order->attempt = attempt;
  order->make = row.spec.make;
  row.state = State::up;
  row.started = self_.clock_now();
  row.ref.cell()->deliver(order);
}

bool Children::take_down(Rest how) {
  ending_ = how;
  group_.reset();
  for (Row& row : rows_) {
    if (row.state == State::told_to_rest) row.state = State::up;  // told again: who waits for whom has changed
  }
  return !tell_one_to_rest(0);
}

void Children::supervisor_restarts() {
  ending_.reset();
  failures_.clear();
  for (Row& row : rows_) row.unclaimed = true;
}

void Children::stop_unclaimed() {
  for (Row& row : rows_) {
    if (!std::exchange(row.unclaimed, false)) continue;
    row.ref.cell()->tell_to_stop();
  }
}

void Children::abandon() noexcept {
  for (std::size_t index = rows_.size(); index-- > 0;) rows_[index].ref.cell()->tell_to_stop();
  std::vector<Row> dropped;  // destroyed after the lock
  const std::lock_guard guard{self_.mesh().names};
  dropped.swap(rows_);
}

void Children::remove(const AgentRef& child) {
  Row* row = row_of(child);
  if (group_ && static_cast<std::size_t>(row - rows_.data()) < group_->first) --group_->first;
  Row dropped;  // destroyed after the lock
  const std::lock_guard guard{self_.mesh().names};
  dropped = std::move(*row);
  rows_.erase(rows_.begin() + (row - rows_.data()));
}

}  // namespace myelin
