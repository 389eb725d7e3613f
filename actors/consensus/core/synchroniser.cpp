#include "core/synchroniser.hpp"

#include <algorithm>
#include <bit>

#include "myelin/consensus/limits.hpp"

namespace myelin::consensus {

Synchroniser::Synchroniser(const Committee& committee, ValidatorIndex self, const CoreOptions& options)
    : committee_{&committee},
      self_{self},
      options_{options},
      suspended_by_author_(committee.size()),
      missing_by_author_(committee.size()),
      open_requests_(committee.size()) {}

std::vector<VertexPtr> Synchroniser::waiting(Round round, ValidatorIndex author) const {
  std::vector<VertexPtr> found;
  for (auto at = suspended_.lower_bound({round, author, {}});
       at != suspended_.end() && at->first.round == round && at->first.author == author; ++at) {
    found.push_back(at->second.vertex);
  }
  return found;
}

bool Synchroniser::suspend(VertexPtr vertex, std::span<const VertexRef> absent, bool requested, TimePoint now) {
  const ValidatorIndex author = vertex->author();
  if (!requested) {
    const auto unknown = static_cast<std::size_t>(std::ranges::count_if(
        absent, [&](const VertexRef& ref) { return !missing_.contains(ref) && !suspended_.contains(ref); }));
    if (suspended_by_author_[author] >= limits::kSuspendedPerAuthorMax ||
        missing_by_author_[author] + unknown > limits::kMissingPerAuthorMax) {
      return false;
    }
    ++suspended_by_author_[author];
  }
  const VertexRef child = vertex->ref();
  for (const VertexRef& ref : absent) {
    auto [at, is_new] = missing_.try_emplace(ref);
    Missing& missing = at->second;
    missing.children.push_back(child);
    missing.holders |= mask_of(author);
    if (is_new) {
      missing.first_asked = author;
      missing.due = suspended_.contains(ref) ? kNever : time_after(now, options_.fetch_delay);
      missing.wait = options_.fetch_wait;
      ++missing_by_author_[author];
      next_ask_ = std::min(next_ask_, missing.due);
    }
  }
  // What was missing is here, though it waits itself: no need to ask for it.
  if (const auto at = missing_.find(child); at != missing_.end()) at->second.due = kNever;
  suspended_.emplace(child, Suspended{std::move(vertex), absent.size(), requested});
  return true;
}

std::vector<VertexPtr> Synchroniser::release(const Missing& missing) {
  std::vector<VertexPtr> ready;
  --missing_by_author_[missing.first_asked];
  for (const VertexRef& child : missing.children) {
    const auto at = suspended_.find(child);
    if (at == suspended_.end() || --at->second.absent > 0) continue;
    if (!at->second.requested) --suspended_by_author_[child.author];
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
  for (auto at = suspended_.begin(); at != end; ++at) {
    if (!at->second.requested) --suspended_by_author_[at->first.author];
  }
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
  for (auto& [ref, missing] : missing_) {
    if (missing.due > now) {
      next_ask_ = std::min(next_ask_, missing.due);
      continue;
    }
    const ValidatorIndex peer = next_peer(missing);
    if (requests[peer].refs.size() < limits::kFetchMax) requests[peer].refs.push_back(ref);
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
  std::ranges::fill(suspended_by_author_, 0);
  std::ranges::fill(missing_by_author_, 0);
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
