#include "reference_rule.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>

namespace consensus_model {

namespace {

using namespace myelin::consensus;
using Authors = std::set<ValidatorIndex>;

class Rule {
 public:
  Rule(const Committee& committee, const std::vector<VertexPtr>& known) : committee_{committee} {
    for (const VertexPtr& vertex : known) {
      rounds_[vertex->round()].push_back(vertex);
      by_ref_[vertex->ref()] = vertex;
    }
  }

  Slots decide() {
    if (rounds_.empty()) return {};
    const std::size_t size = committee_.size();
    const std::size_t slots = static_cast<std::size_t>(rounds_.rbegin()->first) * size;
    decided_.assign(slots, std::nullopt);
    for (std::size_t slot = slots; slot-- > 0;) {
      const Round round = slot / size + 1;
      decided_[slot] = decide_slot(round, committee_.leader(round, slot % size));
    }
    Slots prefix;
    for (const auto& decision : decided_) {
      if (!decision) break;
      prefix.push_back(*decision);
    }
    return prefix;
  }

 private:
  using Decision = std::optional<VertexPtr>;

  static bool has_parent(const Vertex& vertex, const VertexRef& ref) {
    return std::ranges::find(vertex.parents(), ref) != vertex.parents().end();
  }

  bool is_certificate(const Vertex& vertex, const Vertex& leader) {
    std::size_t votes = 0;
    for (const VertexRef& parent : vertex.parents()) {
      if (parent.round == leader.round() + 1 && has_parent(*by_ref_.at(parent), leader.ref())) ++votes;
    }
    return vertex.round() == leader.round() + 2 && votes >= committee_.quorum();
  }

  bool is_committed_directly(const Vertex& leader) {
    Authors certifiers;
    for (const VertexPtr& vertex : rounds_[leader.round() + 2]) {
      if (is_certificate(*vertex, leader)) certifiers.insert(vertex->author());
    }
    return certifiers.size() >= committee_.quorum();
  }

  bool is_skipped_directly(Round round, const std::vector<VertexPtr>& candidates) {
    Authors seen;
    for (const VertexPtr& vertex : rounds_[round + 1]) seen.insert(vertex->author());
    return seen.size() >= committee_.quorum() && std::ranges::all_of(candidates, [&](const VertexPtr& candidate) {
             Authors without_vote;
             for (const VertexPtr& vertex : rounds_[round + 1]) {
               if (!has_parent(*vertex, candidate->ref())) without_vote.insert(vertex->author());
             }
             return without_vote.size() >= committee_.quorum();
           });
  }

  bool has_certificate_in_history(const Vertex& anchor, const Vertex& leader) {
    std::set<VertexRef> seen;
    std::vector<VertexRef> open{anchor.ref()};
    while (!open.empty()) {
      const VertexRef ref = open.back();
      open.pop_back();
      if (ref.round < leader.round() + 2 || !seen.insert(ref).second) continue;
      const Vertex& vertex = *by_ref_.at(ref);
      if (is_certificate(vertex, leader)) return true;
      open.insert(open.end(), vertex.parents().begin(), vertex.parents().end());
    }
    return false;
  }

  Decision decide_slot(Round round, ValidatorIndex leader) {
    std::vector<VertexPtr> candidates;
    for (const VertexPtr& vertex : rounds_[round]) {
      if (vertex->author() == leader) candidates.push_back(vertex);
    }
    std::vector<VertexPtr> committed;
    for (const VertexPtr& candidate : candidates) {
      if (is_committed_directly(*candidate)) committed.push_back(candidate);
    }
    const bool is_skipped = is_skipped_directly(round, candidates);
    if (committed.size() + (is_skipped ? 1 : 0) > 1) throw std::logic_error{"a slot is decided twice"};
    if (!committed.empty()) return committed.front();
    if (is_skipped) return VertexPtr{};

    for (std::size_t slot = static_cast<std::size_t>(round + 2) * committee_.size(); slot < decided_.size(); ++slot) {
      if (!decided_[slot]) return std::nullopt;
      const VertexPtr& anchor = *decided_[slot];
      if (!anchor) continue;
      for (const VertexPtr& candidate : candidates) {
        if (has_certificate_in_history(*anchor, *candidate)) committed.push_back(candidate);
      }
      if (committed.size() > 1) throw std::logic_error{"two versions have certificates"};
      return committed.empty() ? VertexPtr{} : committed.front();
    }
    return std::nullopt;
  }

  const Committee& committee_;
  std::map<Round, std::vector<VertexPtr>> rounds_;
  std::map<VertexRef, VertexPtr> by_ref_;
  std::vector<Decision> decided_;
};

}  // namespace

Slots decide(const Committee& committee, const std::vector<VertexPtr>& known) {
  return Rule{committee, known}.decide();
}

}  // namespace consensus_model
