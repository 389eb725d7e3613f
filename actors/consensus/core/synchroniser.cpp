#include "core/synchroniser.hpp"

#include <algorithm>
#include <bit>

#include "myelin/consensus/limits.hpp"

namespace myelin::consensus {

Synchroniser::Synchroniser(const Committee& committee, ValidatorIndex self, const CoreOptions& options)
    : committee_{&committee},
      self_{self},
      options_{options},
      accounts_(committee.size()),
      open_requests_(committee.size()) {}

std::vector<VertexPtr> Synchroniser::waiting(Round round, ValidatorIndex author) const {
  std::vector<VertexPtr> found;
  for (auto at = suspended_.lower_bound({round, author, {}});
       at != suspended_.end() && at->first.round == round && at->first.author == author; ++at) {
    found.push_back(at->second.vertex);
  }
  return found;
}

std::vector<VertexPtr> Synchroniser::all_waiting() const {
  std::vector<VertexPtr> all;
  for (const auto& [ref, suspended] : suspended_) all.push_back(suspended.vertex);
  return all;
}

bool Synchroniser::suspend(VertexPtr vertex, std::span<const VertexRef> absent, TimePoint now) {
  const VertexRef child = vertex->ref();
  const auto asked_for = missing_.find(child);
  const AuthorMask sponsors = asked_for != missing_.end() ? asked_for->second.sponsors : mask_of(child.author);
  const auto unknown = static_cast<std::size_t>(
      std::ranges::count_if(absent, [&](const VertexRef& ref) { return !missing_.contains(ref); }));
  const std::size_t bytes = vertex->memory_bytes();
  AuthorMask payers = sponsors;
  for (; payers != 0; payers &= payers - 1) {
    const Account& account = accounts_[static_cast<std::size_t>(std::countr_zero(payers))];
    if (account.suspended < limits::kSuspendedPerAuthorMax &&
        account.bytes + bytes <= limits::kSuspendedBytesPerAuthorMax &&
        account.missing + unknown <= limits::kMissingPerAuthorMax) {
      break;
    }
  }
  if (payers == 0) return false;
  const auto payer = static_cast<ValidatorIndex>(std::countr_zero(payers));
  Account& account = accounts_[payer];
  ++account.suspended;
  account.bytes += bytes;
  account.missing += unknown;

  // What was missing is here, though it waits itself: no need to ask for it.
  if (asked_for != missing_.end()) asked_for->second.due = kNever;
  for (const VertexRef& ref : absent) {
    auto [at, is_new] = missing_.try_emplace(ref);
    Missing& missing = at->second;
    missing.children.push_back(child);
    missing.holders |= mask_of(child.author);
    if (is_new) {
      missing.first_asked = child.author;
      missing.payer = payer;
      missing.due = suspended_.contains(ref) ? kNever : time_after(now, options_.fetch_delay);
      missing.wait = options_.fetch_wait;
      next_ask_ = std::min(next_ask_, missing.due);
    }
  }
  suspended_.emplace(child, Suspended{std::move(vertex), absent.size(), payer});
  for (const VertexRef& ref : absent) add_sponsors(ref, sponsors);
  return true;
}

// Also for what that waits for in turn.
void Synchroniser::add_sponsors(const VertexRef& ref, AuthorMask sponsors) {
  std::vector<VertexRef> open{ref};
  while (!open.empty()) {
    const VertexRef next = open.back();
    open.pop_back();
    const auto missing = missing_.find(next);
    if (missing == missing_.end() || (sponsors & ~missing->second.sponsors) == 0) continue;
    missing->second.sponsors |= sponsors;
    const auto waiting = suspended_.find(next);
    if (waiting == suspended_.end()) continue;
    for (const VertexRef& parent : waiting->second.vertex->parents()) open.push_back(parent);
  }
}

void Synchroniser::free(const Suspended& suspended) {
  Account& account = accounts_[suspended.payer];
  --account.suspended;
  account.bytes -= suspended.vertex->memory_bytes();
}

std::vector<VertexPtr> Synchroniser::release(const Missing& missing) {
  std::vector<VertexPtr> ready;
  --accounts_[missing.payer].missing;
  for (const VertexRef& child : missing.children) {
    const auto at = suspended_.find(child);
    if (at == suspended_.end() || --at->second.absent > 0) continue;
    free(at->second);
    ready.push_back(std::move(at->second.vertex));
    suspended_.erase(at);
  }
  return ready;
}

std::vector<VertexPtr> Synchroniser::accepted(const VertexRef& ref) {
  const auto at = missing_.find(ref);
  if (at == missing_.end()) return {};
  std::vector<VertexPtr> ready = release(at->second);
  missing_.erase(at);
  return ready;
}

std::vector<VertexPtr> Synchroniser::collect(Round collected) {
  std::vector<VertexPtr> ready;
  const VertexRef first_kept{collected + 1, 0, {}};
  const auto end = suspended_.lower_bound(first_kept);
  for (auto at = suspended_.begin(); at != end; ++at) free(at->second);
  suspended_.erase(suspended_.begin(), end);
  while (!missing_.empty() && missing_.begin()->first < first_kept) {
    for (VertexPtr& vertex : release(missing_.begin()->second)) ready.push_back(std::move(vertex));
    missing_.erase(missing_.begin());
  }
  return ready;
}

ValidatorIndex Synchroniser::next_peer(Missing& missing) const {
  const AuthorMask others = committee_->everyone() & ~mask_of(self_);
  if ((others & ~missing.asked) == 0) missing.asked = 0;
  AuthorMask candidates = others & ~missing.asked;
  if ((candidates & mask_of(missing.first_asked)) != 0) {
    candidates = mask_of(missing.first_asked);
  } else if ((candidates & missing.holders) != 0) {
    candidates &= missing.holders;
  }
  const auto peer = static_cast<ValidatorIndex>(std::countr_zero(candidates));
  missing.asked |= mask_of(peer);
  return peer;
}

void Synchroniser::ask(TimePoint now, Effects& effects) {
  if (now < next_ask_ || committee_->size() == 1) return;
  next_ask_ = kNever;
  std::vector<FetchRequest> requests(committee_->size());
  std::size_t asked = 0;
  for (auto& [ref, missing] : missing_) {
    if (missing.due > now) {
      next_ask_ = std::min(next_ask_, missing.due);
      continue;
    }
    if (asked == limits::kFetchMax) {
      // The others' turn comes soon.
      next_ask_ = std::min(next_ask_, time_after(now, options_.fetch_delay));
      break;
    }
    ++asked;
    const ValidatorIndex peer = next_peer(missing);
    requests[peer].refs.push_back(ref);
    missing.due = time_after(now, missing.wait);
    missing.wait = std::min(missing.wait * 2, options_.fetch_wait_max);
    next_ask_ = std::min(next_ask_, missing.due);
  }
  for (std::size_t peer = 0; peer < requests.size(); ++peer) {
    if (requests[peer].refs.empty()) continue;
    requested_of(static_cast<ValidatorIndex>(peer));
    effects.push_back(Send{static_cast<ValidatorIndex>(peer), std::move(requests[peer])});
  }
}

std::optional<Round> Synchroniser::lowest_missing() const {
  for (const auto& [ref, missing] : missing_) {
    if (!suspended_.contains(ref)) return ref.round;
  }
  return std::nullopt;
}

void Synchroniser::clear() {
  suspended_.clear();
  missing_.clear();
  next_ask_ = kNever;
  std::ranges::fill(accounts_, Account{});
}

void Synchroniser::requested_of(ValidatorIndex peer) {
  if (open_requests_[peer] < limits::kRequestsOpenMax) ++open_requests_[peer];
}

bool Synchroniser::answered_by(ValidatorIndex peer) {
  if (open_requests_[peer] == 0) return false;
  --open_requests_[peer];
  return true;
}

}  // namespace myelin::consensus
