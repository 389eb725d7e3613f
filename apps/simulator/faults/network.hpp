/// A simulated network: every message takes its time, and may be late, doubled, lost or held up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/random.hpp"
#include "engine/schedule.hpp"

namespace myelin::sim {

/// How messages fare between any two ends.
struct LinkQuality {
  Duration delay_min{0};
  Duration delay_max{0};  ///< Drawn evenly between the two, then doubled as often as a coin says.
  unsigned doublings_max = 0;
  double drop = 0;
  double duplicate = 0;
  bool in_order = false;  ///< As over one connection: none overtakes another.

  /// No message that is not lost takes longer.
  [[nodiscard]] Duration slowest() const noexcept { return delay_max * (1LL << doublings_max); }
};

/// **Thread-safety**: thread-compatible.
class Network {
 public:
  Network(Schedule& schedule, Random random, std::size_t ends, const LinkQuality& quality);

  /// `deliver` runs when the message comes: never, once or twice.
  void send(std::size_t from, std::size_t to, const Schedule::Action& deliver);

  /// From now on nothing from the one reaches the other.
  void block(std::size_t from, std::size_t to) { link(from, to).is_blocked = true; }
  void unblock(std::size_t from, std::size_t to) { link(from, to).is_blocked = false; }
  /// What the one sends the other arrives after `until`, all of it.
  void clog(std::size_t from, std::size_t to, Duration until) { link(from, to).clogged_until = until; }

  /// Every link open, none clogged, all of this quality: what a global stabilisation time brings.
  void settle(const LinkQuality& quality);

  [[nodiscard]] std::size_t ends() const noexcept { return ends_; }
  [[nodiscard]] std::uint64_t delivered() const noexcept { return delivered_; }
  [[nodiscard]] std::uint64_t lost() const noexcept { return lost_; }

 private:
  struct Link {
    bool is_blocked = false;
    Duration clogged_until{0};
    Duration last_arrival{0};
  };
  [[nodiscard]] Link& link(std::size_t from, std::size_t to) { return links_[from * ends_ + to]; }
  [[nodiscard]] Duration arrival(Link& link);

  Schedule& schedule_;
  Random random_;
  std::size_t ends_;
  LinkQuality quality_;
  std::vector<Link> links_;
  std::uint64_t delivered_ = 0;
  std::uint64_t lost_ = 0;
};

}  // namespace myelin::sim
