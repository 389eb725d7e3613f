#include "checkers/commit_checker.hpp"

#include <algorithm>
#include <set>

#include "checkers/decision_oracle.hpp"
#include "checkers/violation.hpp"

namespace myelin::sim {

using consensus::Round;
using consensus::VertexRef;

namespace {

constexpr const char* kAgreement = "validators commit the same";
constexpr const char* kContent = "a commit is its leader's history";
constexpr const char* kCollected = "nothing collected is committed";

/// From the specification, and not from the subject's limits: how far below the last leader rounds are collected.
constexpr Round kKept = 60;

}  // namespace

void CommitChecker::begin_epoch(std::size_t validator, consensus::Epoch epoch, std::size_t validators,
                                const consensus::IndexedDigest& start) {
  const auto [entry, is_new] = epochs_.try_emplace(epoch, validators, start);
  if (!is_new && entry->second.start != start) {
    violate(kAgreement, "v{} starts epoch {} after commit {}, others after {}, or with another digest", validator,
            epoch, start.index, entry->second.start.index);
  }
}

void CommitChecker::accepted(consensus::Epoch epoch, const VertexRef& ref, std::span<const VertexRef> parents) {
  epochs_.at(epoch).dag.add(ref, parents);
}

void CommitChecker::committed(std::size_t validator, consensus::Epoch number, const consensus::Commit& commit) {
  EpochState& epoch = epochs_.at(number);
  Agreed seen{commit.leader, {}, commit.digest, commit.time};
  for (const consensus::VertexPtr& vertex : commit.vertices) seen.vertices.push_back(vertex->ref());
  if (commit.index <= epoch.start.index || commit.index > epoch.last() + 1) {
    violate(kAgreement, "v{} made commit {} where nobody has made {}", validator, commit.index, epoch.last() + 1);
  }
  if (commit.index == epoch.last() + 1) {
    check_first(validator, epoch, seen);
    epoch.commits.push_back(std::move(seen));
    return;
  }
  const Agreed& agreed = epoch.commits[commit.index - epoch.start.index - 1];
  if (agreed.leader != seen.leader) {
    violate(kAgreement, "v{} made commit {} of {}, others of {}", validator, commit.index, to_string(seen.leader),
            to_string(agreed.leader));
  }
  if (agreed.vertices != seen.vertices || agreed.time != seen.time || agreed.digest != seen.digest) {
    violate(kAgreement, "v{} made commit {} of {} with other {} than others", validator, commit.index,
            to_string(seen.leader),
            agreed.vertices != seen.vertices ? "vertices" : (agreed.time != seen.time ? "time" : "digest"));
  }
}

void CommitChecker::recovered(std::size_t validator, consensus::Epoch number,
                              const consensus::IndexedDigest& last) const {
  const EpochState& epoch = epochs_.at(number);
  if (last.index > epoch.last()) return;  // It crashed before it could say so; it will now.
  if (last.index < epoch.start.index) {
    violate(kAgreement, "v{} comes back with commit {} of an epoch that starts after {}", validator, last.index,
            epoch.start.index);
  }
  const consensus::Digest& digest =
      last.index == epoch.start.index ? epoch.start.digest : epoch.commits[last.index - epoch.start.index - 1].digest;
  if (last.index > 0 && last.digest != digest) {
    violate(kAgreement, "v{} comes back with another commit {} than others", validator, last.index);
  }
}

consensus::Round CommitChecker::leader_round(consensus::Epoch epoch, consensus::CommitIndex index) const {
  const auto found = epochs_.find(epoch);
  if (found == epochs_.end() || index <= found->second.start.index || index > found->second.last()) return 0;
  return found->second.commits[index - found->second.start.index - 1].leader.round;
}

consensus::CommitIndex CommitChecker::last(consensus::Epoch epoch) const {
  const auto found = epochs_.find(epoch);
  return found == epochs_.end() ? 0 : found->second.last();
}

Round CommitChecker::highest_round() const { return epochs_.empty() ? 0 : epochs_.rbegin()->second.dag.highest(); }

void CommitChecker::check_first(std::size_t validator, EpochState& epoch, const Agreed& commit) {
  const std::size_t n = epoch.dag.validators();
  if (!epoch.commits.empty()) {
    const Agreed& before = epoch.commits.back();
    const auto slot = [n](const VertexRef& leader) {
      return leader.round * n + (leader.author + n - leader.round % n) % n;
    };
    if (slot(commit.leader) <= slot(before.leader)) {
      violate(kAgreement, "v{} committed {} after {}", validator, to_string(commit.leader), to_string(before.leader));
    }
    if (commit.time < before.time) {
      violate(kContent, "v{}: the time goes back at {}", validator, to_string(commit.leader));
    }
  }
  // What the leader builds on, less what is ordered already or collected.
  std::set<VertexRef> expected{commit.leader};
  std::vector<VertexRef> open{commit.leader};
  while (!open.empty()) {
    const DagMirror::Node* const node = epoch.dag.find(open.back().digest);
    if (node == nullptr)
      violate(kContent, "v{} committed {} without having {}", validator, to_string(commit.leader),
              to_string(open.back()));
    open.pop_back();
    for (const VertexRef& parent : node->parents) {
      if (parent.round <= epoch.collected || epoch.ordered.contains(parent.digest)) continue;
      if (expected.insert(parent).second) open.push_back(parent);
    }
  }
  Round round = 0;
  for (const VertexRef& ref : commit.vertices) {
    if (ref.round <= epoch.collected) {
      violate(kCollected, "v{} committed {} in {}, though rounds up to {} are collected", validator, to_string(ref),
              to_string(commit.leader), epoch.collected);
    }
    if (!epoch.ordered.insert(ref.digest).second) {
      violate(kContent, "v{} committed {} twice", validator, to_string(ref));
    }
    if (expected.erase(ref) == 0) {
      violate(kContent, "v{} committed {} with {}, which does not build on it", validator, to_string(ref),
              to_string(commit.leader));
    }
    if (ref.round < round) violate(kContent, "v{} committed {} out of order", validator, to_string(ref));
    round = ref.round;
  }
  if (!expected.empty()) {
    violate(kContent, "v{} left {} out of the commit of {}", validator, to_string(*expected.begin()),
            to_string(commit.leader));
  }
  if (commit.leader.round > kKept) epoch.collected = std::max(epoch.collected, commit.leader.round - kKept);
}

void CommitChecker::executed(std::size_t validator, const consensus::IndexedDigest& state) {
  const auto [entry, is_new] = roots_.try_emplace(state.index, state.digest);
  if (!is_new && entry->second != state.digest) {
    violate("validators reach the same state", "v{} has root {} after commit {}, others {}", validator,
            to_hex(state.digest).substr(0, 8), state.index, to_hex(entry->second).substr(0, 8));
  }
}

void CommitChecker::check_decisions() const {
  for (const auto& [number, epoch] : epochs_) {
    const std::vector<VertexRef> expected = decide_all(epoch.dag);
    for (std::size_t i = 0; i < epoch.commits.size(); ++i) {
      const VertexRef& leader = epoch.commits[i].leader;
      if (i >= expected.size()) {
        violate("no decision is contradicted", "epoch {}: {} was committed, and the rule has not decided it", number,
                to_string(leader));
      }
      if (leader != expected[i]) {
        violate("no decision is contradicted", "epoch {}: {} was committed where the rule says {}", number,
                to_string(leader), to_string(expected[i]));
      }
    }
  }
}

}  // namespace myelin::sim
