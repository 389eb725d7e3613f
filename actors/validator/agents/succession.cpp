#include "agents/succession.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "myelin/validator/next_committee.hpp"

namespace myelin::validator {

namespace {

/// Of those who approve of `next`, the good signatures.
std::vector<consensus::Approval> approvals_of(const CommitteeFile& next, const consensus::Committee& committee,
                                              const std::vector<EpochWord>& words,
                                              const consensus::SignatureChecker& checker) {
  const consensus::Digest digest = consensus::next_committee_digest(committee.epoch(), keys_of(next));
  std::vector<consensus::Approval> given;
  std::vector<consensus::SignedDigest> items;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (!words[i].next || !same(words[i].next->committee, next)) continue;
    const auto validator = static_cast<consensus::ValidatorIndex>(i);
    given.push_back({validator, words[i].next->signature});
    items.push_back({digest, words[i].next->signature, committee.key(validator)});
  }
  if (given.size() < committee.quorum()) return {};
  const auto valid = std::make_unique<bool[]>(items.size());
  checker.check(items, {valid.get(), items.size()});
  std::vector<consensus::Approval> good;
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (valid[i]) good.push_back(given[i]);
  }
  return good;
}

}  // namespace

std::optional<AgreedNext> agreed_next(const consensus::Committee& committee, const std::vector<EpochWord>& words,
                                      const consensus::SignatureChecker& checker) {
  std::vector<const CommitteeFile*> looked_at;
  for (const EpochWord& word : words) {
    if (!word.next || word.next->committee.epoch != committee.epoch() + 1) continue;
    const CommitteeFile& next = word.next->committee;
    if (std::ranges::any_of(looked_at, [&](const CommitteeFile* other) { return same(*other, next); })) continue;
    looked_at.push_back(&next);
    std::vector<consensus::Approval> approvals = approvals_of(next, committee, words, checker);
    if (approvals.size() >= committee.quorum()) return AgreedNext{next, std::move(approvals)};
  }
  return std::nullopt;
}

std::optional<LaterEpoch> later_epoch(const std::vector<EpochWord>& words, consensus::Epoch from) {
  const std::size_t one_honest = words.empty() ? 1 : (words.size() - 1) / 3 + 1;
  std::optional<LaterEpoch> latest;
  for (const EpochWord& word : words) {
    if (!word.is_here || !word.committee || word.epoch < from) continue;
    if (latest && latest->committee.epoch >= word.epoch) continue;
    LaterEpoch told{*word.committee, word.start, {}};
    for (std::size_t i = 0; i < words.size(); ++i) {
      const bool is_alike = words[i].is_here && words[i].committee && same(*words[i].committee, told.committee) &&
                            same(words[i].start, told.start);
      if (is_alike) told.told_by.push_back(i);
    }
    if (told.told_by.size() >= one_honest) latest = std::move(told);
  }
  return latest;
}

}  // namespace myelin::validator
