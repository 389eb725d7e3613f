#include "faults/network.hpp"

#include <algorithm>

namespace myelin::sim {

Network::Network(Schedule& schedule, Random random, std::size_t ends, const LinkQuality& quality)
    : schedule_{schedule}, random_{random}, ends_{ends}, quality_{quality}, links_(ends * ends) {}

Duration Network::arrival(Link& link) {
  const Duration delay =
      random_.between(quality_.delay_min, quality_.delay_max) * (1LL << random_.doublings(quality_.doublings_max));
  Duration when = std::max(schedule_.now(), link.clogged_until) + delay;
  if (quality_.in_order) when = link.last_arrival = std::max(when, link.last_arrival);
  return when;
}

void Network::send(std::size_t from, std::size_t to, const Schedule::Action& deliver) {
  Link& over = link(from, to);
  const bool is_lost = random_.chance(quality_.drop) || over.is_blocked;
  const bool is_doubled = random_.chance(quality_.duplicate);
  if (is_lost) {
    ++lost_;
    return;
  }
  for (int copy = is_doubled ? 2 : 1; copy > 0; --copy) {
    ++delivered_;
    schedule_.at(arrival(over), deliver);
  }
}

void Network::settle(const LinkQuality& quality) {
  quality_ = quality;
  for (Link& each : links_) each = Link{.last_arrival = each.last_arrival};
}

}  // namespace myelin::sim
