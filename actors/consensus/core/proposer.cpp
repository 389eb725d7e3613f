#include "core/proposer.hpp"

#include <algorithm>
#include <bit>
#include <functional>

namespace myelin::consensus {

Proposer::Proposer(const Committee& committee, ValidatorIndex self, const CoreOptions& options)
    : committee_{&committee},
      self_{self},
      options_{options},
      heard_(committee.size()),
      misses_(committee.size()),
      wait_{options.round_wait} {
  options_.rounds_without_commit = std::max<Round>(1, options_.rounds_without_commit);
  options_.suspect_probe_rounds = std::max(1U, options_.suspect_probe_rounds);
}

void Proposer::heard(ValidatorIndex author, Round round) { heard_[author] = std::max(heard_[author], round); }

void Proposer::accepted(DagStore& dag, Round round, TimePoint now) {
  if (round <= quorum_round_) return;
  const DagRound* const in = dag.round(round);
  if (in == nullptr || !committee_->has_quorum(in->seen)) return;
  quorum_round_ = round;
  quorum_since_ = now;
}

void Proposer::committed() {
  wait_ = options_.round_wait;
  rounds_without_commit_ = 0;
}

void Proposer::restart(Round quorum, TimePoint now) {
  quorum_round_ = quorum;
  quorum_since_ = now;
}

void Proposer::proposed(Round round, TimePoint now) {
  own_round_ = std::max(own_round_, round);
  last_proposed_ = now;
  has_proposed_ = true;
  if (++rounds_without_commit_ % options_.rounds_without_commit == 0) {
    wait_ = std::min(wait_ * 2, options_.round_wait_max);
  }
}

Round Proposer::credible_round() const {
  std::vector<Round> rounds = heard_;
  const auto credible = rounds.begin() + static_cast<std::ptrdiff_t>(committee_->faults_max());
  std::ranges::nth_element(rounds, credible, std::greater<>{});
  return *credible;
}

bool Proposer::is_suspect(ValidatorIndex author) const {
  const bool is_probed = (next_round() + author) % options_.suspect_probe_rounds == 0;
  return misses_[author] >= options_.suspect_misses && !is_probed;
}

AuthorMask Proposer::late(DagStore& dag) const {
  const DagRound* const in = dag.round(quorum_round_);
  AuthorMask late = in != nullptr ? committee_->everyone() & ~in->seen & ~mask_of(self_) : 0;
  for (AuthorMask rest = late; rest != 0; rest &= rest - 1) {
    const auto author = static_cast<ValidatorIndex>(std::countr_zero(rest));
    if (heard_[author] > quorum_round_) late &= ~mask_of(author);
  }
  return late;
}

// Behind a snapshot there is a round to go on from, and at first none of its vertices.
bool Proposer::has_parents(DagStore& dag) const {
  if (quorum_round_ == 0) return true;
  const DagRound* const in = dag.round(quorum_round_);
  if (in == nullptr || quorum_round_ <= dag.collected()) return false;
  return committee_->has_quorum(in->seen & ~own_if_not_there());
}

bool Proposer::has_whole_parents(DagStore& dag) const {
  if (quorum_round_ == 0) return true;
  const DagRound* const in = dag.round(quorum_round_);
  if (in == nullptr) return false;
  AuthorMask whole = in->seen & ~own_if_not_there();
  for (AuthorMask rest = whole; rest != 0; rest &= rest - 1) {
    const auto author = static_cast<ValidatorIndex>(std::countr_zero(rest));
    if (author != self_ && in->first[author].has_gap_for(next_round())) whole &= ~mask_of(author);
  }
  return committee_->has_quorum(whole);
}

bool Proposer::is_time(DagStore& dag, bool has_work, TimePoint now, TimePoint& later) {
  later = kNever;
  if (next_round() <= own_round_) return false;
  if (!has_parents(dag)) return false;
  if (has_proposed_) {
    const TimePoint earliest =
        time_after(last_proposed_, has_work ? options_.round_interval_min
                                            : std::max(options_.round_interval_min, options_.idle_interval));
    if (now < earliest) {
      later = earliest;
      return false;
    }
  }
  const AuthorMask late = this->late(dag);
  AuthorMask awaited = late;
  for (AuthorMask rest = late; rest != 0; rest &= rest - 1) {
    const auto author = static_cast<ValidatorIndex>(std::countr_zero(rest));
    if (is_suspect(author)) awaited &= ~mask_of(author);
  }
  if (awaited != 0 || !has_whole_parents(dag)) {
    const TimePoint deadline = time_after(quorum_since_, wait_);
    if (now < deadline) {
      later = deadline;
      return false;
    }
    if (awaited != 0) ++timeouts_;
  }
  for (std::size_t author = 0; author < misses_.size(); ++author) {
    const AuthorMask bit = mask_of(static_cast<ValidatorIndex>(author));
    if ((late & bit) == 0) {
      misses_[author] = 0;
    } else if ((awaited & bit) != 0) {
      ++misses_[author];
    }
  }
  return true;
}

}  // namespace myelin::consensus
