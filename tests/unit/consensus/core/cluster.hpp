/// Cores that talk to each other in one thread and in virtual time, over a network that loses only what a test says.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "dag_builder.hpp"
#include "myelin/consensus/core.hpp"

namespace myelin::consensus::test {

/// A message of one word, told from others by `number`.
inline PayloadBatch batch(std::uint64_t number) {
  PayloadBatch words(16);
  words[4] = std::byte{1};  // A Cap'n Proto pointer to a struct of one word.
  std::memcpy(words.data() + 8, &number, sizeof number);
  return words;
}

class Cluster {
 public:
  struct Node {
    std::unique_ptr<StubSigner> signer;
    std::optional<Core> core;
    std::vector<LogRecord> log;
    std::vector<Commit> commits;
    std::vector<Evidence> evidence;
    std::vector<PayloadBatch> overloaded;
    std::vector<PayloadBatch> returned;
    std::string halted;
    std::vector<CommitIndex> told;  // indices of Committed as they came
    TimePoint wake = kNever;
    bool up = true;
    bool synced = true;         ///< Whether everything appended was synced.
    CommitIndex installed = 0;  ///< Of the last snapshot taken over.
    TimePoint last_commit;      ///< When it last committed something.
  };

  explicit Cluster(std::size_t size, CoreOptions core_options = {})
      : committee{stub_committee(size)}, options{core_options} {
    for (std::size_t i = 0; i < size; ++i) {
      Node& node = nodes.emplace_back();
      node.signer = std::make_unique<StubSigner>(committee.key(static_cast<ValidatorIndex>(i)));
      node.core.emplace(committee, static_cast<ValidatorIndex>(i), *node.signer, options);
    }
  }

  void start() {
    for (std::size_t i = 0; i < nodes.size(); ++i) start(i);
  }
  void start(std::size_t i) {
    Effects effects;
    nodes[i].core->start(now(), effects);
    perform(i, std::move(effects));
  }
  void step(std::size_t i, Event event) {
    if (!nodes[i].up) return;
    Effects effects;
    nodes[i].core->step(std::move(event), now(), effects);
    perform(i, std::move(effects));
  }
  void submit(std::size_t i, std::uint64_t number) { step(i, Submitted{batch(number)}); }

  void crash(std::size_t i) { nodes[i].up = false; }
  /// From its log, with a state as of commit `executed`.
  Result<void> restart(std::size_t i, CommitIndex executed) {
    Node& node = nodes[i];
    Effects effects;
    auto core =
        Core::recover(committee, static_cast<ValidatorIndex>(i), *node.signer, options, node.log, executed, effects);
    if (!core) return tl::unexpected<Error>{core.error()};
    node.core.emplace(std::move(*core));
    node.up = true;
    node.wake = kNever;
    node.commits.resize(std::min<std::size_t>(node.commits.size(), executed));
    perform(i, std::move(effects));
    start(i);
    return {};
  }

  /// Lets time pass, each message taking a millisecond.
  void run(Duration span) {
    const TimePoint end = now_ + span;
    while (now_ < end) {
      now_ += std::chrono::milliseconds{1};
      std::deque<std::pair<std::size_t, Received>> arriving;
      std::swap(arriving, in_flight_);
      for (auto& [to, message] : arriving) step(to, std::move(message));
      for (std::size_t i = 0; i < nodes.size(); ++i) {
        if (nodes[i].up && nodes[i].wake <= now_) {
          nodes[i].wake = kNever;
          step(i, Woken{});
        }
      }
    }
  }

  [[nodiscard]] Now now() const { return {now_, now_.time_since_epoch().count()}; }

  /// The batches of all commits of a node, by number, in their order.
  [[nodiscard]] std::vector<std::uint64_t> ordered(std::size_t i) const {
    std::vector<std::uint64_t> numbers;
    for (const Commit& commit : nodes[i].commits) {
      for (const VertexPtr& vertex : commit.vertices) {
        for (const auto each : batches_of(vertex->payload())) {
          std::memcpy(&numbers.emplace_back(), each.data() + 8, sizeof(std::uint64_t));
        }
      }
    }
    return numbers;
  }

  const Committee committee;
  const CoreOptions options;
  std::vector<Node> nodes;
  std::vector<std::string> invalid;  // own vertices that read_vertex() refuses
  std::map<std::pair<std::size_t, Round>, std::set<Digest>> signed_by;
  bool equivocated = false;
  bool hold_installs = false;
  std::vector<std::pair<std::size_t, SnapshotPtr>> held_installs;
  /// Which messages are lost; none by default.
  std::function<bool(std::size_t from, std::size_t to, const PeerMessage&)> loses = [](auto...) { return false; };
  /// The root after a commit: what the executor would say.
  std::function<Digest(std::size_t node, const Commit&)> root = [](std::size_t, const Commit& commit) {
    return Hasher{Domain::state_leaf}.add(commit.digest).finish();
  };

 private:
  void send(std::size_t from, std::size_t to, const PeerMessage& message) {
    if (nodes[to].up && !loses(from, to, message)) {
      in_flight_.emplace_back(to, Received{static_cast<ValidatorIndex>(from), message});
    }
  }

  void perform(std::size_t i, Effects effects) {
    Node& node = nodes[i];
    std::vector<Event> answers;
    for (Effect& effect : effects) {
      if (auto* append = std::get_if<Append>(&effect)) {
        node.log.push_back(std::move(append->record));
        node.synced = false;
      } else if (std::holds_alternative<Sync>(effect)) {
        node.synced = true;
      } else if (auto* broadcast = std::get_if<Broadcast>(&effect)) {
        const Vertex& own = *broadcast->vertex;
        const auto read = read_vertex({own.header(), own.payload(), own.signature()}, committee, StubChecker{});
        if (!read)
          invalid.push_back(std::to_string(i) + ": " + to_string(own.ref()) + " " +
                            std::string{to_string(read.error())});
        auto& signed_here = signed_by[{i, own.round()}];
        signed_here.insert(own.digest());
        if (signed_here.size() > 1) equivocated = true;
        for (std::size_t to = 0; to < nodes.size(); ++to) {
          if (to != i) send(i, to, broadcast->vertex);
        }
      } else if (auto* message = std::get_if<Send>(&effect)) {
        send(i, message->to, message->message);
      } else if (auto* committed = std::get_if<Committed>(&effect)) {
        node.told.push_back(committed->commit.index);
        node.last_commit = now_;
        node.commits.push_back(std::move(committed->commit));
        const Commit& commit = node.commits.back();
        answers.emplace_back(Executed{{commit.index, root(i, commit)}});
      } else if (auto* overloaded = std::get_if<Overloaded>(&effect)) {
        node.overloaded.push_back(std::move(overloaded->batch));
      } else if (auto* returned = std::get_if<Returned>(&effect)) {
        node.returned.push_back(std::move(returned->batch));
      } else if (auto* wanted = std::get_if<SnapshotWanted>(&effect)) {
        answers.emplace_back(take_snapshot(i, wanted->to));
      } else if (auto* install = std::get_if<InstallSnapshot>(&effect)) {
        if (hold_installs) {
          held_installs.emplace_back(i, install->snapshot);
          continue;
        }
        node.commits.clear();
        node.installed = install->snapshot->tail.last_index();
        answers.emplace_back(SnapshotInstalled{install->snapshot, true});
      } else if (auto* accuse = std::get_if<Accuse>(&effect)) {
        node.evidence.push_back(std::move(accuse->evidence));
      } else if (auto* wake = std::get_if<WakeAt>(&effect)) {
        node.wake = wake->time;
      } else if (auto* halt = std::get_if<Halt>(&effect)) {
        node.halted = std::move(halt->reason);
      }
    }
    for (Event& answer : answers) step(i, std::move(answer));
  }

  SnapshotTaken take_snapshot(std::size_t i, ValidatorIndex to) {
    const std::vector<Commit>& commits = nodes[i].commits;
    const bool stands_still = now_ - nodes[i].last_commit >= std::chrono::seconds{1};
    for (auto commit = commits.rbegin(); commit != commits.rend(); ++commit) {
      if (commit->index % limits::kVoteInterval != 0 && !stands_still) continue;
      return {to, {commit->index, root(i, *commit)}, std::vector<std::byte>(8)};
    }
    return {to, {}, {}};
  }

  TimePoint now_ = TimePoint{} + std::chrono::hours{1};
  std::deque<std::pair<std::size_t, Received>> in_flight_;
};

}  // namespace myelin::consensus::test
