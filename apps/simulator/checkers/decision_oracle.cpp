#include "checkers/decision_oracle.hpp"

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "checkers/violation.hpp"

namespace myelin::sim {

using consensus::Digest;
using consensus::Round;
using consensus::VertexRef;

namespace {

constexpr const char* kInvariant = "no decision is contradicted";

enum class Fate { undecided, committed, skipped };

struct Slot {
  Fate fate = Fate::undecided;
  const DagMirror::Node* leader = nullptr;
};

bool has_parent(const DagMirror::Node& node, const Digest& parent) {
  return std::ranges::any_of(node.parents, [&](const VertexRef& ref) { return ref.digest == parent; });
}

class Oracle {
 public:
  explicit Oracle(const DagMirror& dag) : dag_{dag}, slots_((dag.highest() + 4) * dag.validators()) {}

  std::vector<VertexRef> run() {
    for (Round round = dag_.highest(); round >= 1; --round) {
      for (std::size_t place = dag_.validators(); place-- > 0;) decide(round, place);
    }
    std::vector<VertexRef> leaders;
    for (std::size_t i = dag_.validators(); i < slots_.size(); ++i) {
      if (slots_[i].fate == Fate::undecided) break;
      if (slots_[i].fate == Fate::committed) leaders.push_back(slots_[i].leader->ref);
    }
    return leaders;
  }

 private:
  [[nodiscard]] Slot& slot(Round round, std::size_t place) { return slots_[round * dag_.validators() + place]; }

  [[nodiscard]] bool is_certificate(const DagMirror::Node& node, const DagMirror::Node& leader) const {
    std::size_t votes = 0;
    for (const VertexRef& ref : node.parents) {
      if (ref.round != leader.ref.round + 1) continue;
      const DagMirror::Node* const parent = dag_.find(ref.digest);
      if (parent != nullptr && has_parent(*parent, leader.ref.digest)) ++votes;
    }
    return votes >= dag_.quorum();
  }

  [[nodiscard]] bool is_committed_directly(const DagMirror::Node& leader) const {
    std::set<consensus::ValidatorIndex> certifiers;
    for (const DagMirror::Node* node : dag_.round(leader.ref.round + 2)) {
      if (is_certificate(*node, leader)) certifiers.insert(node->ref.author);
    }
    return certifiers.size() >= dag_.quorum();
  }

  [[nodiscard]] bool is_skipped_directly(Round round, const std::vector<const DagMirror::Node*>& versions) const {
    std::set<consensus::ValidatorIndex> seen;
    for (const DagMirror::Node* node : dag_.round(round + 1)) seen.insert(node->ref.author);
    if (seen.size() < dag_.quorum()) return false;
    return std::ranges::all_of(versions, [&](const DagMirror::Node* leader) {
      std::set<consensus::ValidatorIndex> against;
      for (const DagMirror::Node* node : dag_.round(round + 1)) {
        if (!has_parent(*node, leader->ref.digest)) against.insert(node->ref.author);
      }
      return against.size() >= dag_.quorum();
    });
  }

  /// Who votes for it and who does not, and who certifies it.
  [[nodiscard]] std::string explain(const DagMirror::Node& leader) const {
    std::string text;
    for (const DagMirror::Node* node : dag_.round(leader.ref.round + 1)) {
      text += fmt::format("; {} {}", to_string(node->ref), has_parent(*node, leader.ref.digest) ? "votes" : "does not");
    }
    for (const DagMirror::Node* node : dag_.round(leader.ref.round + 2)) {
      text += fmt::format("; {} {}", to_string(node->ref), is_certificate(*node, leader) ? "certifies" : "does not");
    }
    return text;
  }

  void decide(Round round, std::size_t place) {
    const auto author = static_cast<consensus::ValidatorIndex>((round + place) % dag_.validators());
    std::vector<const DagMirror::Node*> versions;
    for (const DagMirror::Node* node : dag_.round(round)) {
      if (node->ref.author == author) versions.push_back(node);
    }
    Slot& decided = slot(round, place);
    for (const DagMirror::Node* leader : versions) {
      if (!is_committed_directly(*leader)) continue;
      if (decided.fate == Fate::committed) {
        violate(kInvariant, "both {} and {} have a quorum of certificates", to_string(decided.leader->ref),
                to_string(leader->ref));
      }
      decided = {Fate::committed, leader};
    }
    if (is_skipped_directly(round, versions)) {
      if (decided.fate == Fate::committed) {
        violate(kInvariant, "{} has a quorum of certificates, and a quorum does not vote for it{}",
                to_string(decided.leader->ref), explain(*decided.leader));
      }
      decided = {Fate::skipped, nullptr};
    }
    if (decided.fate == Fate::undecided) decided = decide_by_anchor(round, versions);
  }

  Slot decide_by_anchor(Round round, const std::vector<const DagMirror::Node*>& versions) {
    std::size_t at = (round + 3) * dag_.validators();
    while (at < slots_.size() && slots_[at].fate == Fate::skipped) ++at;
    if (at >= slots_.size() || slots_[at].fate == Fate::undecided) return {};
    Slot decided{Fate::skipped, nullptr};
    for (const DagMirror::Node* node : history(*slots_[at].leader, round + 2)) {
      for (const DagMirror::Node* leader : versions) {
        if (!is_certificate(*node, *leader)) continue;
        if (decided.leader != nullptr && decided.leader != leader) {
          violate(kInvariant, "both {} and {} have certificates", to_string(decided.leader->ref),
                  to_string(leader->ref));
        }
        decided = {Fate::committed, leader};
      }
    }
    return decided;
  }

  /// The vertices of `round` that `from` builds on.
  [[nodiscard]] std::vector<const DagMirror::Node*> history(const DagMirror::Node& from, Round round) const {
    std::vector<const DagMirror::Node*> open{&from};
    std::vector<const DagMirror::Node*> found;
    std::unordered_set<const DagMirror::Node*> seen{&from};
    while (!open.empty()) {
      const DagMirror::Node* const node = open.back();
      open.pop_back();
      if (node->ref.round == round) found.push_back(node);
      for (const VertexRef& ref : node->parents) {
        if (ref.round < round) continue;
        const DagMirror::Node* const parent = dag_.find(ref.digest);
        if (parent != nullptr && seen.insert(parent).second) open.push_back(parent);
      }
    }
    return found;
  }

  const DagMirror& dag_;
  std::vector<Slot> slots_;
};

}  // namespace

std::vector<VertexRef> decide_all(const DagMirror& dag) { return Oracle{dag}.run(); }

}  // namespace myelin::sim
