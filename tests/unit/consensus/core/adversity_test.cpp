// What a review found that could be done to a validator by liars, crashes and slow disks.
#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "cluster.hpp"
#include "myelin/consensus/core.hpp"
#include "myelin/consensus/limits.hpp"
#include "myelin/consensus/log.hpp"

using namespace myelin;
using namespace myelin::consensus;
using namespace std::chrono_literals;
using myelin::consensus::test::Cluster;

namespace {
CoreOptions quick() {
  CoreOptions options;
  options.idle_interval = 1ms;
  return options;
}
std::vector<VertexPtr> vertices_of(const std::vector<LogRecord>& log) {
  std::vector<VertexPtr> found;
  for (const LogRecord& record : log)
    if (const auto* one = std::get_if<VertexRecord>(&record)) found.push_back(one->vertex);
  return found;
}
VertexPtr own_last(Cluster& cluster, std::size_t i) {
  VertexPtr last;
  for (const VertexPtr& vertex : vertices_of(cluster.nodes[i].log))
    if (vertex->author() == i && (!last || vertex->round() > last->round())) last = vertex;
  return last;
}
bool commits_behind_own_last(const std::vector<LogRecord>& log) {
  for (auto record = log.rbegin(); record != log.rend(); ++record) {
    if (std::holds_alternative<CommitRecord>(*record)) return true;
    if (const auto* one = std::get_if<VertexRecord>(&*record); one != nullptr && one->vertex->author() == 0)
      return false;
  }
  return false;
}
// As if read from a disk: no two records share a vertex in memory.
std::vector<LogRecord> from_disk(const std::vector<LogRecord>& log) {
  std::vector<LogRecord> copies;
  for (const LogRecord& record : log) {
    if (const auto* one = std::get_if<VertexRecord>(&record))
      copies.emplace_back(VertexRecord{std::make_shared<const Vertex>(*one->vertex)});
    else
      copies.push_back(record);
  }
  return copies;
}
// Validator 3 is ~25 rounds behind, in reach of a fetch, and is told by validator 0 that it is not.
void lie_to_3(Cluster& cluster, Round ahead = 30, Round at = 0) {
  cluster.start();
  cluster.run(300ms);
  while (at != 0 && cluster.nodes[3].core->round() % 16 != at) cluster.run(1ms);
  cluster.loses = [](std::size_t, std::size_t to, const PeerMessage&) { return to == 3; };
  const Round behind = cluster.nodes[3].core->round();
  while (cluster.nodes[0].core->round() < behind + ahead) cluster.run(1ms);
  // All is quiet but for snapshots.
  cluster.loses = [](std::size_t, std::size_t, const PeerMessage& message) {
    return !std::holds_alternative<SnapshotRequest>(message) && !std::holds_alternative<SnapshotReply>(message);
  };
  for (const VertexPtr& vertex : vertices_of(cluster.nodes[0].log))
    if (vertex->round() + 20 > cluster.nodes[0].core->round() && vertex->round() > behind + 2)
      cluster.step(3, Received{vertex->author(), vertex});
  cluster.run(2s);
  cluster.step(3, Received{0, FetchReply{{}, Round{1} << 40}});
  cluster.run(5ms);
}
}  // namespace

BOOST_AUTO_TEST_SUITE(adversity)

BOOST_AUTO_TEST_CASE(a_request_for_rounds_beyond_all_gets_an_answer) {
  Cluster cluster{4};
  cluster.start();
  cluster.run(50ms);
  cluster.step(0, Received{1, RangeRequest{~Round{0}}});  // Null dereference.
}

BOOST_AUTO_TEST_CASE(after_a_snapshot_own_vertices_are_valid) {
  Cluster cluster{4, quick()};
  cluster.start();
  cluster.run(20ms);
  cluster.crash(3);
  cluster.run(3s);
  BOOST_REQUIRE(cluster.restart(3, cluster.nodes[3].commits.size()).has_value());
  cluster.run(3s);
  BOOST_TEST(cluster.nodes[3].core->metrics().snapshots > 0U);
  for (const auto& what : cluster.invalid) BOOST_TEST_MESSAGE(what);
  BOOST_TEST(cluster.invalid.size() == 0U);
}

BOOST_AUTO_TEST_CASE(votes_on_an_epochs_end_after_a_recovery_are_valid) {
  Cluster cluster{4};
  cluster.start();
  cluster.run(2s);
  const CommitIndex last = cluster.nodes[0].core->last_commit().index;
  cluster.crash(0);
  BOOST_REQUIRE(cluster.restart(0, last).has_value());
  for (std::size_t i = 0; i < 4; ++i) cluster.step(i, EpochEnded{last});
  cluster.run(1s);
  for (const auto& what : cluster.invalid) BOOST_TEST_MESSAGE(what);
  BOOST_TEST(cluster.invalid.size() == 0U);
}

BOOST_AUTO_TEST_CASE(the_root_an_epoch_starts_from_is_not_voted_for_after_a_recovery) {
  // An epoch after the first starts from some state. Who comes back with a later one does not know that one's root.
  const Digest start_root = Hasher{Domain::state_node}.add(std::uint64_t{7}).finish();
  const Committee committee =
      Committee::create(1, {test::stub_key(0)}, {.commit = start_root, .state_root = start_root, .index = 10}).value();
  const StubSigner signer{test::stub_key(0)};
  std::vector<LogRecord> log;
  std::vector<VertexPtr> said;
  const auto perform = [&](Effects& effects) {
    for (Effect& effect : effects) {
      if (auto* append = std::get_if<Append>(&effect)) log.push_back(std::move(append->record));
      if (auto* own = std::get_if<Broadcast>(&effect)) said.push_back(own->vertex);
    }
    effects.clear();
  };
  Effects effects;
  Now now{TimePoint{} + 1s, 0};
  Core core{committee, 0, signer, {}};
  core.start(now, effects);
  perform(effects);
  const auto run = [&](Core& alone) {
    for (int round = 0; round < 20; ++round) {
      now.steady += 1s;
      alone.step(Woken{}, now, effects);
      perform(effects);
    }
  };
  run(core);
  const CommitIndex last = core.last_commit().index;
  BOOST_REQUIRE(last > 10U);
  auto recovered = Core::recover(committee, 0, signer, {}, log, last, effects);
  BOOST_REQUIRE(recovered.has_value());
  said.clear();
  recovered->start(now, effects);
  recovered->step(EpochEnded{last}, now, effects);
  perform(effects);
  run(*recovered);
  BOOST_TEST(said.size() > 10U);
  for (const VertexPtr& vertex : said) BOOST_TEST((vertex->state_vote().digest != start_root));
}

BOOST_AUTO_TEST_CASE(what_was_executed_does_not_come_out_again) {
  Cluster cluster{4};
  cluster.start();
  cluster.run(1s);
  auto& node = cluster.nodes[0];
  while (!commits_behind_own_last(node.log)) cluster.run(1ms);
  const CommitIndex executed = node.core->last_commit().index;  // Durable in the state.
  cluster.crash(0);
  // The log's tail was not: back to the last own vertex.
  while (true) {
    const auto* one = std::get_if<VertexRecord>(&node.log.back());
    if (one != nullptr && one->vertex->author() == 0) break;
    node.log.pop_back();
  }
  node.told.clear();
  BOOST_REQUIRE(cluster.restart(0, executed).has_value());
  cluster.run(1s);
  BOOST_REQUIRE(!node.told.empty());
  BOOST_TEST(node.told.front() == executed + 1);
}

BOOST_AUTO_TEST_CASE(an_epochs_end_is_voted_on_though_the_log_was_shorter_than_the_state) {
  Cluster cluster{4};
  cluster.start();
  cluster.run(1s);
  auto& node = cluster.nodes[0];
  while (!commits_behind_own_last(node.log)) cluster.run(1ms);
  const CommitIndex last = node.core->last_commit().index;
  cluster.crash(0);
  while (true) {
    const auto* one = std::get_if<VertexRecord>(&node.log.back());
    if (one != nullptr && one->vertex->author() == 0) break;
    node.log.pop_back();
  }
  BOOST_REQUIRE(cluster.restart(0, last).has_value());
  BOOST_REQUIRE(node.core->last_commit().index < last);
  for (std::size_t i = 0; i < 4; ++i) cluster.step(i, EpochEnded{last});
  // f = 1 is down from here on.
  cluster.crash(1);
  cluster.run(5s);
  BOOST_TEST(cluster.nodes[2].core->has_finished());
}

BOOST_AUTO_TEST_CASE(one_liar_cannot_have_it_drop_what_it_has_for_a_snapshot) {
  for (Round at = 1; at <= 15; ++at) {
    Cluster cluster{4, quick()};
    lie_to_3(cluster, 10 + at, at);
    BOOST_TEST(cluster.nodes[3].installed == 0U);
    cluster.loses = [](auto...) { return false; };
    cluster.run(500ms);
    BOOST_TEST(cluster.nodes[3].core->last_commit().index + 40 > cluster.nodes[0].core->last_commit().index);
  }
}

BOOST_AUTO_TEST_CASE(after_a_snapshot_neither_the_log_nor_a_checkpoint_lets_it_sign_a_round_twice) {
  for (int millis = 0; millis < 20; ++millis) {
    Cluster cluster{4, quick()};
    cluster.start();
    cluster.run(20ms);
    cluster.crash(3);
    cluster.run(1s + millis * 1ms);
    BOOST_REQUIRE(cluster.restart(3, cluster.nodes[3].commits.size()).has_value());
    auto& node = cluster.nodes[3];
    while (node.installed == 0) cluster.run(1ms);
    cluster.run(millis * 3ms);  // From right after the snapshot to when it has caught up.
    for (const bool shortened : {false, true}) {
      const CommitIndex executed = node.core->last_commit().index;
      if (shortened) {
        auto records = node.core->checkpoint(executed);
        BOOST_REQUIRE(!records.empty());
        node.log = std::move(records);
      }
      const VertexPtr last = own_last(cluster, 3);
      BOOST_REQUIRE(last);
      cluster.crash(3);
      node.log = from_disk(node.log);
      const auto again = cluster.restart(3, executed);
      BOOST_TEST_REQUIRE(again.has_value(), (again ? "" : again.error().message));
      BOOST_TEST(node.core->round() >= last->round());
      cluster.run(50ms);
      BOOST_TEST(node.halted == "");
      BOOST_TEST(!cluster.equivocated);
    }
    cluster.run(300ms);
    std::map<CommitIndex, Digest> theirs;
    for (const Commit& commit : cluster.nodes[0].commits) theirs[commit.index] = commit.digest;
    BOOST_TEST(std::ranges::all_of(node.commits, [&](const Commit& commit) {
      const auto found = theirs.find(commit.index);
      return found == theirs.end() || found->second == commit.digest;
    }));
    BOOST_TEST(node.core->last_commit().index + 40 > cluster.nodes[0].core->last_commit().index);
  }
}

BOOST_AUTO_TEST_CASE(a_checkpoint_can_be_replayed_when_a_parent_was_collected) {
  Cluster cluster{4, quick()};
  cluster.start();
  cluster.crash(3);
  cluster.run(1s);
  auto& node = cluster.nodes[0];
  const Round collected = node.core->collected();
  BOOST_REQUIRE(collected > 100U);
  const Round round = collected + 5;
  VertexContent content;
  content.round = round;
  content.author = 3;
  content.parents.push_back({collected, 3, Hasher{Domain::batch_leaf}.add(std::uint64_t{7}).finish()});  // Never was.
  for (ValidatorIndex author = 0; author < 3; ++author) {
    for (const VertexPtr& vertex : vertices_of(node.log))
      if (vertex->author() == author && vertex->round() == round - 1) content.parents.push_back(vertex->ref());
  }
  BOOST_REQUIRE(content.parents.size() == 4U);
  const auto accepted = node.core->metrics().accepted;
  cluster.step(0, Received{3, make_vertex(std::move(content), {}, *cluster.nodes[3].signer)});
  BOOST_REQUIRE(node.core->metrics().accepted > accepted);
  const CommitIndex executed = node.core->last_commit().index - 12;  // The executor is four rounds behind.
  const auto records = node.core->checkpoint(executed);
  BOOST_REQUIRE(!records.empty());
  node.log = records;
  cluster.crash(0);
  const auto restarted = cluster.restart(0, executed);
  if (!restarted) BOOST_TEST_MESSAGE(restarted.error().message);
  BOOST_TEST(restarted.has_value());
}

BOOST_AUTO_TEST_CASE(while_a_snapshot_is_installed_nothing_is_committed) {
  for (const bool good : {true, false}) {
    Cluster cluster{4, quick()};
    cluster.hold_installs = true;
    cluster.start();
    cluster.run(20ms);
    cluster.crash(3);
    cluster.run(1s);
    auto& node = cluster.nodes[3];
    BOOST_REQUIRE(cluster.restart(3, node.commits.size()).has_value());
    while (cluster.held_installs.empty()) cluster.run(1ms);
    const CommitIndex before = node.core->last_commit().index;
    node.told.clear();
    cluster.run(100ms);
    BOOST_TEST(node.core->last_commit().index == before);
    BOOST_TEST(node.told.empty());
    const SnapshotPtr snapshot = cluster.held_installs[0].second;
    cluster.hold_installs = false;
    cluster.step(3, SnapshotInstalled{snapshot, good});
    cluster.run(good ? 500ms : 3s);  // It asks for a snapshot once a second.
    BOOST_REQUIRE(!node.told.empty());
    if (good) BOOST_TEST(node.told.front() == snapshot->tail.last_index() + 1);
    BOOST_TEST(node.core->last_commit().index + 40 > cluster.nodes[0].core->last_commit().index);
  }
}

BOOST_AUTO_TEST_CASE(two_liars_of_seven_cannot_fill_the_memory_with_asked_for_vertices) {
  Cluster cluster{7};
  cluster.start();
  std::uint64_t number = 0;
  std::vector<VertexPtr> made;  // children first
  const std::function<VertexRef(Round, ValidatorIndex)> make = [&](Round round, ValidatorIndex author) {
    const std::size_t place = made.size();
    made.emplace_back();
    VertexContent content;
    content.round = round;
    content.author = author;
    content.time = static_cast<WallTime>(++number);
    const auto parent = [&](ValidatorIndex of) { return round > 2 ? make(round - 1, of) : VertexRef{1, of, {}}; };
    const VertexRef own = parent(author);
    const VertexRef other = parent(author == 5 ? 6 : 5);
    content.parents.push_back(own);
    for (ValidatorIndex honest = 0; honest < 5; ++honest) content.parents.push_back({round - 1, honest, {}});
    content.parents.push_back(other);
    made[place] = make_vertex(std::move(content), {}, *cluster.nodes[author].signer);
    return made[place]->ref();
  };
  (void)make(15, 5);  // One vertex that nobody asked for.
  for (const VertexPtr& vertex : made) cluster.step(0, Received{vertex->author(), vertex});
  const CoreMetrics metrics = cluster.nodes[0].core->metrics();
  BOOST_TEST(metrics.suspended <= 2 * limits::kSuspendedPerAuthorMax);
  BOOST_TEST(metrics.missing <= 2 * limits::kMissingPerAuthorMax);
}

BOOST_AUTO_TEST_CASE(with_one_down_one_that_is_far_behind_comes_back) {
  int stuck = 0;
  for (int millis = 0; millis < 16; ++millis) {
    Cluster cluster{4, quick()};
    cluster.start();
    cluster.run(20ms);
    cluster.crash(3);
    cluster.run(700ms + millis * 2ms);
    cluster.crash(2);
    const Round before = cluster.nodes[0].core->round();
    BOOST_REQUIRE(cluster.restart(3, cluster.nodes[3].commits.size()).has_value());
    cluster.run(8s);
    if (cluster.nodes[0].core->round() < before + 20) {
      ++stuck;
      BOOST_TEST_MESSAGE("stuck after " << millis << ": last commits " << cluster.nodes[0].core->last_commit().index
                                        << " " << cluster.nodes[1].core->last_commit().index << ", own votes "
                                        << own_last(cluster, 0)->state_vote().index << " "
                                        << own_last(cluster, 1)->state_vote().index << "; the late one is at "
                                        << cluster.nodes[3].core->last_commit().index);
    }
  }
  BOOST_TEST(stuck == 0);
}

// Its votes of before are in vertices that the late one cannot have, and it has snapshots of none of those states.
BOOST_AUTO_TEST_CASE(who_stands_still_gives_its_last_state_and_its_word_on_it) {
  for (int millis = 0; millis < 16; millis += 4) {
    Cluster cluster{4, quick()};
    cluster.start();
    cluster.run(20ms);
    cluster.crash(3);
    cluster.run(700ms + millis * 2ms);
    cluster.crash(2);
    cluster.run(3s);
    const Round before = cluster.nodes[0].core->round();
    const CommitIndex last = cluster.nodes[0].core->last_commit().index;
    if (last % limits::kVoteInterval == 0) continue;
    CommitIndex offered = 0;
    cluster.loses = [&](std::size_t, std::size_t to, const PeerMessage& message) {
      const auto* const reply = std::get_if<SnapshotReply>(&message);
      if (to == 3 && reply != nullptr && reply->snapshot) offered = reply->snapshot->tail.last_index();
      return false;
    };
    BOOST_REQUIRE(cluster.restart(3, cluster.nodes[3].commits.size()).has_value());
    cluster.run(8s);
    BOOST_TEST(offered == last);
    BOOST_TEST(cluster.nodes[3].installed == last);
    BOOST_TEST(cluster.nodes[0].core->round() > before + 20);
  }
}

BOOST_AUTO_TEST_CASE(one_liar_s_word_on_a_state_is_not_enough) {
  Cluster cluster{4, quick()};
  cluster.start();
  cluster.run(20ms);
  cluster.crash(3);
  cluster.run(1s);
  cluster.crash(2);
  cluster.run(3s);
  // Validator 1 alone is heard, and it lies about the state.
  cluster.root = [](std::size_t node, const Commit& commit) {
    Hasher hasher{Domain::state_leaf};
    hasher.add(commit.digest);
    if (node == 1) hasher.add(std::uint64_t{1});
    return hasher.finish();
  };
  bool has_said = false;
  cluster.loses = [&](std::size_t from, std::size_t to, const PeerMessage& message) {
    const auto* const word = std::get_if<StatementReply>(&message);
    if (to == 3 && from == 1 && word != nullptr && word->statement) has_said = true;
    return to == 3 && from != 1;
  };
  BOOST_REQUIRE(cluster.restart(3, cluster.nodes[3].commits.size()).has_value());
  cluster.run(8s);
  BOOST_TEST(has_said);
  BOOST_TEST(cluster.nodes[3].installed == 0U);
}

BOOST_AUTO_TEST_CASE(a_statement_is_its_author_s_alone) {
  const Committee committee = test::stub_committee(4);
  const StubSigner signer{committee.key(1)};
  const IndexedDigest commit{64, Hasher{Domain::commit}.add("commit").finish()};
  const Digest root = Hasher{Domain::state_root}.add("state").finish();
  const Statement good = make_statement(committee.epoch(), 1, commit, root, signer);
  BOOST_TEST(is_signed_by(good, 1, committee, StubChecker{}));
  BOOST_TEST(!is_signed_by(good, 2, committee, StubChecker{}));
  BOOST_TEST(!is_signed_by(good, 4, committee, StubChecker{}));
  BOOST_TEST(
      !is_signed_by(make_statement(committee.epoch() + 1, 1, commit, root, signer), 1, committee, StubChecker{}));
  for (int what = 0; what < 4; ++what) {
    Statement other = good;
    if (what == 0) ++other.commit.index;
    if (what == 1) other.commit.digest.bytes[0] ^= 1U;
    if (what == 2) other.state_root.bytes[31] ^= 1U;
    if (what == 3) other.signature.bytes[63] ^= 1U;
    BOOST_TEST(!is_signed_by(other, 1, committee, StubChecker{}), what);
  }
}

BOOST_AUTO_TEST_CASE(rounds_larger_than_an_answer_can_be_caught_up) {
  CoreOptions options;
  options.idle_interval = 20ms;
  options.payload_bytes_max = std::size_t{7} << 19;
  Cluster cluster{4, options};
  cluster.start();
  cluster.run(200ms);
  for (std::size_t i = 0; i < 4; ++i) {
    PayloadBatch large(std::size_t{3} << 20);
    cluster.step(i, Submitted{std::move(large)});
  }
  // Until 3 has a quorum of the large round, and no more.
  const auto large_round = [&](std::size_t of) {
    Round round = 0;
    for (const VertexPtr& vertex : vertices_of(cluster.nodes[of].log))
      if (vertex->payload().size() > 1000) round = std::max(round, vertex->round());
    return round;
  };
  while (large_round(3) == 0 || cluster.nodes[3].core->round() <= large_round(3)) cluster.run(1ms);
  cluster.crash(3);
  const Round behind = cluster.nodes[3].core->round();
  while (cluster.nodes[0].core->round() < behind + 72) cluster.run(1ms);
  BOOST_REQUIRE(cluster.restart(3, cluster.nodes[3].commits.size()).has_value());
  cluster.run(800ms);
  BOOST_TEST_MESSAGE("behind " << behind << " now " << cluster.nodes[3].core->round() << " of "
                               << cluster.nodes[0].core->round() << " fetches "
                               << cluster.nodes[3].core->metrics().fetches);
  BOOST_TEST(cluster.nodes[3].core->round() > behind + 40);
}

BOOST_AUTO_TEST_CASE(the_largest_batch_makes_a_valid_vertex_or_none) {
  CoreOptions options;
  options.payload_bytes_max = limits::kPayloadBytesMax;
  Cluster cluster{4, options};
  cluster.start();
  PayloadBatch large(limits::kPayloadBytesMax);
  cluster.step(0, Submitted{std::move(large)});
  cluster.run(300ms);
  for (const auto& what : cluster.invalid) BOOST_TEST_MESSAGE(what);
  BOOST_TEST(cluster.invalid.size() == 0U);
}

BOOST_AUTO_TEST_CASE(a_tail_longer_than_needed_is_refused) {
  test::DagBuilder build;
  build.rounds(1, 300);
  CommitTail tail{0, {}, {}};
  for (const Decision& decision : build.decided()) {
    if (decision.vertex == nullptr) continue;
    const Commit commit = build.linearizer.commit(*decision.vertex);
    CommitSummary summary{commit.leader, {}, commit.time};
    for (const VertexPtr& vertex : commit.vertices) summary.vertices.push_back(vertex->ref());
    tail.commits.push_back(std::move(summary));
  }
  BOOST_TEST((tail.last() == build.linearizer.last()));
  BOOST_TEST(!tail.check(build.committee).has_value());
}

BOOST_AUTO_TEST_CASE(a_snapshot_that_takes_its_time_is_still_installed) {
  Cluster cluster{4, quick()};
  cluster.start();
  cluster.run(20ms);
  cluster.crash(3);
  cluster.run(1s);
  SnapshotPtr late;
  std::size_t sender = 0;
  cluster.loses = [&](std::size_t from, std::size_t to, const PeerMessage& message) {
    const auto* reply = std::get_if<SnapshotReply>(&message);
    if (to != 3 || reply == nullptr || !reply->snapshot) return false;
    if (!late) {
      late = reply->snapshot;
      sender = from;
    }
    return true;
  };
  BOOST_REQUIRE(cluster.restart(3, cluster.nodes[3].commits.size()).has_value());
  while (!late) cluster.run(1ms);
  const CommitIndex index = late->tail.last_index();
  cluster.run(400ms);  // That long it takes to send.
  cluster.step(3, Received{static_cast<ValidatorIndex>(sender), SnapshotReply{late}});
  BOOST_TEST_MESSAGE("snapshot " << index << ", the others are at " << cluster.nodes[0].core->last_commit().index);
  BOOST_TEST(cluster.nodes[3].installed == index);
}

// Validator 3 of four has built on a vertex that it shows to nobody. Once that one's round is collected, what stands on
// it is accepted; by those, for whom the round is not collected yet, it never can be.
namespace {
struct Withholder {
  explicit Withholder(Cluster& the_cluster) : cluster{the_cluster} { cluster.nodes[3].up = false; }

  /// Its vertex of `round` on its last one and on what validator 0 has of the round before.
  VertexPtr make(Round round) {
    VertexContent content;
    content.round = round;
    content.author = 3;
    content.parents.push_back(last ? last->ref() : genesis());
    for (ValidatorIndex author = 0; author < 3; ++author)
      for (const VertexPtr& vertex : vertices_of(cluster.nodes[0].log))
        if (vertex->author() == author && vertex->round() == round - 1) content.parents.push_back(vertex->ref());
    return last = make_vertex(std::move(content), {}, *cluster.nodes[3].signer);
  }
  void show(const VertexPtr& vertex) {
    for (std::size_t i = 0; i < 3; ++i) cluster.step(i, Received{3, vertex});
  }
  VertexRef genesis() const { return cluster.committee.genesis(3); }
  /// Whether an honest validator has it as a parent.
  bool is_named(const VertexPtr& vertex) const {
    for (const VertexPtr& other : vertices_of(cluster.nodes[0].log))
      if (other->author() != 3 && std::ranges::find(other->parents(), vertex->ref()) != other->parents().end())
        return true;
    return false;
  }
  bool is_accepted(const VertexPtr& vertex) const {
    const auto all = vertices_of(cluster.nodes[0].log);
    return std::ranges::find(all, vertex->digest(), [](const VertexPtr& each) { return each->digest(); }) != all.end();
  }
  void run_to(Round round) {
    for (int i = 0; i < 100'000 && cluster.nodes[0].core->round() < round; ++i) cluster.run(1ms);
    BOOST_REQUIRE(cluster.nodes[0].core->round() >= round);
  }

  Cluster& cluster;
  VertexPtr last;
};
}  // namespace

BOOST_AUTO_TEST_CASE(nobody_builds_on_what_others_may_be_unable_to_accept) {
  Cluster cluster{4, quick()};
  Withholder liar{cluster};
  cluster.start();
  liar.run_to(12);
  static_cast<void>(liar.make(8));  // shown to nobody
  const VertexPtr on_it = liar.make(9);
  liar.show(on_it);
  liar.run_to(40);
  const VertexPtr later = liar.make(36);
  liar.show(later);
  BOOST_TEST(!liar.is_accepted(later));
  liar.run_to(80);  // round 8 is collected now, and round 36 is not
  BOOST_REQUIRE(cluster.nodes[0].core->collected() >= 8U);
  BOOST_TEST(liar.is_accepted(later));
  BOOST_TEST(!liar.is_named(later));
}

BOOST_AUTO_TEST_CASE(what_others_may_be_unable_to_accept_serves_where_there_is_no_quorum_without) {
  Cluster cluster{4, quick()};
  Withholder liar{cluster};
  cluster.start();
  liar.run_to(12);
  static_cast<void>(liar.make(8));
  liar.show(liar.make(9));
  liar.run_to(80);
  cluster.crash(2);
  const Round round = cluster.nodes[0].core->round();
  for (Round next = round; next < round + 5; ++next) {
    cluster.run(3s);  // two validators alone cannot go on
    BOOST_REQUIRE(cluster.nodes[0].core->round() <= next + 1);
    const VertexPtr vertex = liar.make(cluster.nodes[0].core->round());
    liar.show(vertex);
    cluster.run(3s);
    BOOST_TEST(liar.is_named(vertex));
  }
  BOOST_TEST(cluster.nodes[0].core->round() > round + 3);
}

BOOST_AUTO_TEST_SUITE_END()
