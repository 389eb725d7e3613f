#include "myelin/consensus/commit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "myelin/consensus/limits.hpp"

namespace myelin::consensus {

namespace {

bool is_in_range(const VertexRef& ref, const Committee& committee) noexcept {
  return ref.round >= 1 && ref.round <= limits::kRoundMax && ref.author < committee.size();
}

/// Rounds up to this one are collected once a leader of `leader_round` is committed.
Round collected_by(Round leader_round) noexcept {
  return leader_round > limits::kRoundsKept ? leader_round - limits::kRoundsKept : 0;
}

/// What is wrong with a commit whose predecessor, where it is known, is `previous`.
std::optional<std::string> objection(const CommitSummary& commit, const CommitSummary* previous,
                                     const Committee& committee) {
  if (!is_in_range(commit.leader, committee)) return "its leader is out of range";
  if (commit.vertices.empty() || commit.vertices.back() != commit.leader) return "its last vertex is not its leader";
  const VertexRef* before = nullptr;
  for (const VertexRef& vertex : commit.vertices) {
    if (!is_in_range(vertex, committee)) return fmt::format("its vertex {} is out of range", to_string(vertex));
    if (before != nullptr && before->round > vertex.round) return "its vertices are not by ascending round";
    if (before != nullptr && before->round == commit.leader.round)
      return "it holds another vertex of its leader's round";
    before = &vertex;
  }
  if (previous == nullptr) return std::nullopt;
  const auto slot = [&](const VertexRef& leader) {
    return std::pair{leader.round, committee.place_of(leader.round, leader.author)};
  };
  if (slot(previous->leader) >= slot(commit.leader)) return "its leader's slot is not after that of the one before";
  if (commit.vertices.front().round <= collected_by(previous->leader.round))
    return "it holds a vertex collected before";
  if (commit.time < previous->time) return "its time is before that of the one before";
  return std::nullopt;
}

bool holds_one_twice(const std::vector<CommitSummary>& commits) {
  std::vector<VertexRef> vertices;
  for (const CommitSummary& commit : commits) {
    vertices.insert(vertices.end(), commit.vertices.begin(), commit.vertices.end());
  }
  std::ranges::sort(vertices);
  return std::ranges::adjacent_find(vertices) != vertices.end();
}

tl::unexpected<Error> corrupt(std::string what) { return fail(Errc::corrupt_file, "a tail of commits: " + what); }

}  // namespace

Digest commit_digest(const Digest& previous, CommitIndex index, const CommitSummary& commit) {
  Hasher hasher{Domain::commit};
  hasher.add(previous).add(index).add(commit.leader).add(static_cast<std::uint64_t>(commit.time));
  hasher.add(std::uint64_t{commit.vertices.size()});
  for (const VertexRef& vertex : commit.vertices) hasher.add(vertex);
  return hasher.finish();
}

IndexedDigest CommitTail::last() const {
  IndexedDigest last = before;
  for (const CommitSummary& commit : commits) {
    last.digest = commit_digest(last.digest, last.index + 1, commit);
    ++last.index;
  }
  return last;
}

Result<void> CommitTail::check(const Committee& committee) const {
  const Committee::Start& start = committee.start();
  if (epoch != committee.epoch()) return corrupt(fmt::format("of epoch {}, not {}", epoch, committee.epoch()));
  if (before.index < start.index || before.index > std::numeric_limits<CommitIndex>::max() - commits.size()) {
    return corrupt(fmt::format("it follows commit {}; the epoch's first is {}", before.index, start.index + 1));
  }
  const bool is_from_start = before.index == start.index;
  if (is_from_start && before.digest != start.commit) return corrupt("it follows another commit than the epoch does");
  if (!is_from_start && commits.empty()) return corrupt("it has no commits");
  if (is_from_start && !commits.empty() && commits.front().time < start.time) {
    return corrupt("its first commit's time is before that of the epoch's start");
  }
  const CommitSummary* previous = nullptr;
  for (std::size_t i = 0; i < commits.size(); ++i) {
    if (const auto wrong = objection(commits[i], previous, committee)) {
      return corrupt(fmt::format("commit {}: {}", before.index + 1 + i, *wrong));
    }
    previous = &commits[i];
  }
  if (!is_from_start && commits.front().leader.round > collected_by(commits.back().leader.round)) {
    return corrupt(fmt::format("it starts at round {}, but must reach back to round {}", commits.front().leader.round,
                               collected_by(commits.back().leader.round)));
  }
  if (commits.size() > 1 && commits[1].leader.round <= collected_by(commits.back().leader.round)) {
    return corrupt(fmt::format("it goes back further than to round {}, where it has to",
                               collected_by(commits.back().leader.round)));
  }
  if (holds_one_twice(commits)) return corrupt("a vertex is in it twice");
  return {};
}

}  // namespace myelin::consensus
