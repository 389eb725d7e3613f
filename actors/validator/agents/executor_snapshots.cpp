// The state as bytes, for peers that ask: whoever asks, and how often, costs no more than a small part of the time.
#include <algorithm>
#include <bit>
#include <chrono>
#include <utility>

#include "agents/executor.hpp"

namespace myelin::validator {

namespace {

// Nothing was executed for so long: it may be for want of one who asks for a snapshot.
constexpr Duration kStandsStill = std::chrono::seconds{1};
// Snapshots are given no sooner than so long after the last ones, and so many times as long as those took.
constexpr Duration kSnapshotPeriod = std::chrono::milliseconds{500};
constexpr int kSnapshotShare = 20;

}  // namespace

// As new as can be, for whoever asks goes on from there: at the next commit that all vote on. Where there is none for a
// while, nothing may come before the one who asks is back: then it is the last, where the others have stopped as well.
void Executor::perform(TakeSnapshot& order) {
  snapshots_wanted_ |= consensus::mask_of(order.to);
  if (has_snapshot() || machine_.has_ended()) return give_snapshots_in_time();
  watch_standstill();
}

bool Executor::has_snapshot() const { return snapshot_ && snapshot_state_.index == machine_.applied(); }

void Executor::watch_standstill() {
  if (std::exchange(is_watching_standstill_, true)) return;
  after(kStandsStill, [this, applied = machine_.applied()] {
    is_watching_standstill_ = false;
    if (snapshots_wanted_ == 0) return;
    if (machine_.applied() == applied) return give_snapshots_in_time();
    watch_standstill();
  });
}

void Executor::give_snapshots_in_time() {
  // The last one of the epoch is made once, and others wait for it to get there.
  const bool is_last = machine_.has_ended() && !has_snapshot();
  if (now() >= next_snapshots_ || is_last) return give_snapshots();
  if (std::exchange(are_snapshots_due_, true)) return;
  after(next_snapshots_ - now(), [this] {
    are_snapshots_due_ = false;
    if (snapshots_wanted_ == 0) return;
    if (has_snapshot() || machine_.has_ended()) return give_snapshots_in_time();
    watch_standstill();
  });
}

void Executor::give_snapshots() {
  if (snapshots_wanted_ == 0) return;
  const auto cost_time = [this] { return options_.clock == nullptr ? now() : options_.clock->now(); };
  const TimePoint began = cost_time();
  if (!has_snapshot()) {
    snapshot_state_ = machine_.state();
    auto bytes = machine_.snapshot();
    // What no letter can carry is not there for anybody.
    if (bytes.size() > options_.snapshot_bytes_max) bytes = {};
    snapshot_ = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
  }
  for (auto wanted = std::exchange(snapshots_wanted_, 0); wanted != 0; wanted &= wanted - 1) {
    const auto to = static_cast<consensus::ValidatorIndex>(std::countr_zero(wanted));
    report(consensus::SnapshotTaken{to, snapshot_state_, *snapshot_});
  }
  next_snapshots_ = now() + std::max(kSnapshotPeriod, kSnapshotShare * (cost_time() - began));
}

}  // namespace myelin::validator
