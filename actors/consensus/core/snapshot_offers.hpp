/// Whom to ask for a snapshot, and what they offer.
#pragma once

#include <functional>
#include <vector>

#include "myelin/consensus/committee.hpp"
#include "myelin/consensus/core.hpp"

namespace myelin::consensus {

/// Peers take turns: one that is always the first to say that it has a snapshot cannot keep others from being asked. Of
/// each peer one offer is kept, and of f + 1 peers, so that what liars offer never pushes out all that is honest.
/// **Thread-safety**: thread-compatible.
class SnapshotOffers {
 public:
  /// One peer is asked in each `wait`.
  SnapshotOffers(const Committee& committee, Duration wait) : committee_{&committee}, wait_{wait} {}

  /// Whether it is the turn of this peer, which could give one; it then counts as asked. Who was asked before comes
  /// after those who were not, unless none of them is there for another `wait`.
  [[nodiscard]] bool ask(ValidatorIndex peer, TimePoint now);
  /// Takes note of an answer. Returns whether one was awaited.
  [[nodiscard]] bool answered_by(ValidatorIndex peer);

  /// Replaces what this peer offered before.
  void add(ValidatorIndex peer, SnapshotPtr snapshot);
  /// The first that is good, oldest first; none.
  [[nodiscard]] SnapshotPtr find(const std::function<bool(const Snapshot&)>& is_good) const;
  void remove_if(const std::function<bool(const Snapshot&)>& is_useless);
  void clear();

 private:
  struct Offer {
    ValidatorIndex peer;
    SnapshotPtr snapshot;
  };
  const Committee* committee_;
  Duration wait_;
  std::vector<Offer> offers_;  // oldest first
  AuthorMask awaited_ = 0;     // whose answers
  AuthorMask asked_ = 0;       // in this time around
  TimePoint due_;
};

}  // namespace myelin::consensus
