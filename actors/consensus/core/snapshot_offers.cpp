#include "core/snapshot_offers.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace myelin::consensus {

bool SnapshotOffers::ask(ValidatorIndex peer, TimePoint now) {
  if (now < due_) return false;
  if ((asked_ & mask_of(peer)) != 0) {
    if (now < time_after(due_, wait_)) return false;
    asked_ = 0;
  }
  asked_ |= mask_of(peer);
  if (static_cast<std::size_t>(std::popcount(asked_)) + 1 == committee_->size()) asked_ = 0;
  awaited_ |= mask_of(peer);
  due_ = time_after(now, wait_);
  return true;
}

bool SnapshotOffers::answered_by(ValidatorIndex peer) {
  return (std::exchange(awaited_, awaited_ & ~mask_of(peer)) & mask_of(peer)) != 0;
}

void SnapshotOffers::add(ValidatorIndex peer, SnapshotPtr snapshot) {
  std::erase_if(offers_, [&](const Offer& offer) { return offer.peer == peer; });
  if (offers_.size() == committee_->one_honest()) offers_.erase(offers_.begin());
  offers_.push_back({peer, std::move(snapshot)});
}

SnapshotPtr SnapshotOffers::find(const std::function<bool(const Snapshot&)>& is_good) const {
  const auto found = std::ranges::find_if(offers_, [&](const Offer& offer) { return is_good(*offer.snapshot); });
  return found == offers_.end() ? nullptr : found->snapshot;
}

void SnapshotOffers::remove_if(const std::function<bool(const Snapshot&)>& is_useless) {
  std::erase_if(offers_, [&](const Offer& offer) { return is_useless(*offer.snapshot); });
}

void SnapshotOffers::clear() {
  offers_.clear();
  asked_ = 0;
}

}  // namespace myelin::consensus
