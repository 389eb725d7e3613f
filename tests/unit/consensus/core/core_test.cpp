// Whole cores against each other; tests/sim/consensus has them under every fault from seeds.
#include "myelin/consensus/core.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "cluster.hpp"
#include "myelin/consensus/limits.hpp"

using namespace myelin;
using namespace myelin::consensus;
using namespace std::chrono_literals;
using myelin::consensus::test::Cluster;

namespace {

// Whether the shorter list of commits is the beginning of the longer.
bool agree(const Cluster::Node& one, const Cluster::Node& other) {
  std::map<CommitIndex, Digest> known;
  for (const Commit& commit : one.commits) known[commit.index] = commit.digest;
  return std::ranges::all_of(other.commits, [&](const Commit& commit) {
    const auto at = known.find(commit.index);
    return at == known.end() || at->second == commit.digest;
  });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(core)

BOOST_AUTO_TEST_CASE(every_batch_is_ordered_once_and_alike_everywhere) {
  for (const std::size_t size : {1, 2, 4, 7}) {
    Cluster cluster{size};
    cluster.start();
    for (std::uint64_t number = 0; number < 100; ++number) {
      cluster.submit(number % size, number);
      if (number % 10 == 0) cluster.run(3ms);
    }
    cluster.run(1s);
    auto ordered = cluster.ordered(0);
    for (std::size_t i = 1; i < size; ++i) {
      BOOST_TEST(agree(cluster.nodes[0], cluster.nodes[i]));
      BOOST_TEST(cluster.ordered(i) == ordered, boost::test_tools::per_element());
    }
    std::ranges::sort(ordered);
    BOOST_REQUIRE(ordered.size() == 100U);
    for (std::uint64_t number = 0; number < 100; ++number) BOOST_TEST(ordered[number] == number);
  }
}

BOOST_AUTO_TEST_CASE(an_own_vertex_leaves_only_after_a_sync) {
  Cluster cluster{1};
  Effects effects;
  cluster.nodes[0].core->step(Submitted{test::batch(7)}, cluster.now(), effects);
  bool synced = true;
  bool sent = false;
  for (const Effect& effect : effects) {
    if (std::holds_alternative<Append>(effect)) synced = false;
    if (std::holds_alternative<Sync>(effect)) synced = true;
    if (std::holds_alternative<Broadcast>(effect)) {
      BOOST_TEST(synced);
      sent = true;
    }
  }
  BOOST_TEST(sent);
}

BOOST_AUTO_TEST_CASE(one_of_four_may_be_missing) {
  Cluster cluster{4};
  cluster.start();
  cluster.crash(2);
  for (std::uint64_t number = 0; number < 10; ++number) cluster.submit(number % 2, number);
  cluster.run(1s);
  BOOST_TEST(cluster.ordered(0).size() == 10U);
  BOOST_TEST(cluster.nodes[0].core->metrics().direct_skips > 0U);
}

BOOST_AUTO_TEST_CASE(two_of_four_missing_stop_the_rest_without_harm) {
  Cluster cluster{4};
  cluster.start();
  cluster.run(50ms);
  cluster.crash(2);
  cluster.crash(3);
  cluster.submit(0, 1);
  cluster.run(5s);
  BOOST_TEST(cluster.ordered(0).empty());
  BOOST_REQUIRE(cluster.restart(2, cluster.nodes[2].commits.size()).has_value());
  cluster.run(3s);
  BOOST_TEST(cluster.ordered(0).size() == 1U);
  BOOST_TEST(agree(cluster.nodes[0], cluster.nodes[2]));
}

BOOST_AUTO_TEST_CASE(lost_messages_delay_and_no_more) {
  Cluster cluster{4};
  std::size_t count = 0;
  cluster.loses = [&](auto...) { return ++count % 3 == 0; };
  cluster.start();
  for (std::uint64_t number = 0; number < 20; ++number) cluster.submit(number % 4, number);
  cluster.run(30s);
  for (std::size_t i = 0; i < 4; ++i) BOOST_TEST(cluster.ordered(i).size() == 20U);
  BOOST_TEST(cluster.nodes[0].core->metrics().fetches > 0U);
}

BOOST_AUTO_TEST_CASE(most_commits_are_expected_before_they_are_made) {
  Cluster cluster{4};
  cluster.start();
  for (std::uint64_t number = 0; number < 400; ++number) {
    cluster.submit(number % 4, number);
    cluster.run(1ms);
  }
  const CoreMetrics metrics = cluster.nodes[0].core->metrics();
  BOOST_TEST(metrics.expected_commits * 10 > metrics.commits * 9);
}

BOOST_AUTO_TEST_CASE(at_rest_a_round_lasts_an_idle_interval) {
  Cluster cluster{4};
  cluster.start();
  cluster.run(10s);
  const Round round = cluster.nodes[0].core->round();
  BOOST_TEST(round >= 80U);
  BOOST_TEST(round <= 110U);
}

BOOST_AUTO_TEST_CASE(a_log_gives_back_the_commits_and_the_last_own_vertex) {
  Cluster cluster{4};
  cluster.start();
  for (std::uint64_t number = 0; number < 50; ++number) {
    cluster.submit(0, number);
    cluster.run(4ms);
  }
  const auto before = cluster.ordered(3);
  const IndexedDigest last = cluster.nodes[3].core->last_commit();
  const Round round = cluster.nodes[3].core->round();
  cluster.crash(3);
  BOOST_REQUIRE(cluster.restart(3, 0).has_value());
  BOOST_TEST((cluster.nodes[3].core->last_commit() == last));
  BOOST_TEST(cluster.nodes[3].core->round() == round);
  BOOST_TEST(cluster.ordered(3) == before, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_log_that_contradicts_itself_is_refused) {
  Cluster cluster{4};
  cluster.start();
  cluster.run(1s);
  std::vector<LogRecord>& log = cluster.nodes[0].log;
  for (LogRecord& record : log) {
    if (auto* commit = std::get_if<CommitRecord>(&record)) commit->commit.digest.bytes[5] ^= 1;
  }
  cluster.crash(0);
  const auto refused = cluster.restart(0, 0);
  BOOST_REQUIRE(!refused.has_value());
  BOOST_TEST((refused.error().code == Errc::corrupt_file));

  std::erase_if(log, [](const LogRecord& record) { return std::holds_alternative<CommitRecord>(record); });
  log.erase(log.begin() + 3);
  const auto gap = cluster.restart(0, 0);
  BOOST_REQUIRE(!gap.has_value());
  BOOST_TEST(gap.error().message.find("before its parent") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_checkpoint_replaces_the_log_before_it) {
  CoreOptions options;
  options.idle_interval = 1ms;
  Cluster cluster{4, options};
  cluster.start();
  cluster.run(2s);
  auto& node = cluster.nodes[1];
  const CommitIndex executed = node.core->last_commit().index - 9;
  const IndexedDigest last = node.core->last_commit();
  const std::size_t log_before = node.log.size();
  node.log = node.core->checkpoint(executed);
  BOOST_TEST(!node.log.empty());
  BOOST_TEST(node.log.size() < log_before / 2);
  cluster.crash(1);
  BOOST_REQUIRE(cluster.restart(1, executed).has_value());
  BOOST_TEST((node.core->last_commit() == last));
  BOOST_TEST(node.commits.size() == executed + 9);
  cluster.run(1s);
  BOOST_TEST(node.core->last_commit().index > last.index + 100);
  BOOST_TEST(agree(cluster.nodes[0], node));
  BOOST_TEST(node.core->checkpoint(1).empty());  // Too long ago.
  // A state older than the log's base cannot be brought up to date.
  cluster.crash(1);
  BOOST_TEST(!cluster.restart(1, 3).has_value());
}

BOOST_AUTO_TEST_CASE(one_that_was_away_for_some_rounds_fetches_them) {
  CoreOptions options;
  options.idle_interval = 1ms;
  Cluster cluster{4, options};
  cluster.start();
  cluster.run(20ms);
  cluster.crash(3);
  cluster.run(150ms);
  BOOST_REQUIRE(cluster.restart(3, cluster.nodes[3].commits.size()).has_value());
  cluster.run(2s);
  BOOST_TEST(cluster.nodes[3].core->metrics().snapshots == 0U);
  BOOST_TEST(cluster.nodes[3].commits.size() + 40 > cluster.nodes[0].commits.size());
  BOOST_TEST(agree(cluster.nodes[0], cluster.nodes[3]));
}

BOOST_AUTO_TEST_CASE(one_that_was_away_for_long_takes_a_snapshot) {
  CoreOptions options;
  options.idle_interval = 1ms;
  Cluster cluster{4, options};
  cluster.start();
  cluster.run(20ms);
  cluster.crash(3);
  cluster.run(3s);
  BOOST_REQUIRE(cluster.restart(3, cluster.nodes[3].commits.size()).has_value());
  cluster.run(3s);
  Cluster::Node& late = cluster.nodes[3];
  BOOST_TEST(late.core->metrics().snapshots > 0U);
  BOOST_TEST(late.installed > 0U);
  BOOST_TEST(late.core->last_commit().index + 40 > cluster.nodes[0].core->last_commit().index);
  BOOST_TEST(agree(cluster.nodes[0], late));
  // And its log says so, should it crash again.
  cluster.crash(3);
  BOOST_REQUIRE(cluster.restart(3, late.installed).has_value());
  cluster.run(500ms);
  BOOST_TEST(agree(cluster.nodes[0], late));
  BOOST_TEST(late.core->last_commit().index + 40 > cluster.nodes[0].core->last_commit().index);
}

BOOST_AUTO_TEST_CASE(a_snapshot_that_nobody_voted_for_is_not_taken) {
  CoreOptions options;
  options.idle_interval = 1ms;
  Cluster cluster{4, options};
  cluster.root = [](std::size_t node, const Commit& commit) {
    Hasher hasher{Domain::state_leaf};
    hasher.add(commit.digest);
    if (node == 1) hasher.add(std::uint64_t{1});  // Validator 1 lies about its state.
    return hasher.finish();
  };
  cluster.start();
  cluster.run(20ms);
  cluster.crash(3);
  cluster.run(3s);
  cluster.loses = [](std::size_t from, std::size_t to, const PeerMessage& message) {
    return from != 1 && to == 3 && std::holds_alternative<SnapshotReply>(message);  // Only the liar answers.
  };
  BOOST_REQUIRE(cluster.restart(3, cluster.nodes[3].commits.size()).has_value());
  cluster.run(5s);
  BOOST_TEST(cluster.nodes[3].installed == 0U);
  BOOST_TEST(!cluster.nodes[1].halted.empty());  // The liar sees that two others disagree with it.
}

BOOST_AUTO_TEST_CASE(an_equivocator_is_accused_once_a_round_and_its_third_version_refused) {
  Cluster cluster{4};
  cluster.start();
  std::vector<VertexPtr> versions;
  for (WallTime time = 1; time <= 4; ++time) {
    VertexContent content;
    content.round = 1;
    content.author = 3;
    content.parents = {cluster.committee.genesis(3), cluster.committee.genesis(0), cluster.committee.genesis(1),
                       cluster.committee.genesis(2)};
    content.time = time;
    versions.push_back(make_vertex(std::move(content), {}, *cluster.nodes[3].signer));
  }
  for (const VertexPtr& version : versions) cluster.step(0, Received{3, version});
  const CoreMetrics metrics = cluster.nodes[0].core->metrics();
  BOOST_TEST(metrics.equivocations == 1U);
  BOOST_REQUIRE(cluster.nodes[0].evidence.size() == 1U);
  BOOST_TEST(check_evidence(cluster.nodes[0].evidence[0], cluster.committee, StubChecker{}).has_value());
  BOOST_TEST(metrics.refused[static_cast<std::size_t>(Refusal::third_version)] == 2U);

  // But as somebody's parent, a third version has to be taken in, or its child could never be.
  VertexContent child;
  child.round = 2;
  child.author = 2;
  const auto first_of = [&](std::size_t i) {
    return *std::ranges::find_if(cluster.nodes[i].log, [&](const LogRecord& record) {
      const auto* own = std::get_if<VertexRecord>(&record);
      return own != nullptr && own->vertex->author() == i;
    });
  };
  const VertexPtr own2 = std::get<VertexRecord>(first_of(2)).vertex;
  const VertexPtr own0 = std::get<VertexRecord>(first_of(0)).vertex;
  child.parents = {own2->ref(), own0->ref(), versions[3]->ref()};
  const VertexPtr late = make_vertex(std::move(child), {}, *cluster.nodes[2].signer);
  cluster.step(0, Received{2, own2});
  cluster.step(0, Received{2, late});
  BOOST_TEST(cluster.nodes[0].core->metrics().suspended == 1U);
  cluster.step(0, Received{2, versions[3]});
  BOOST_TEST(cluster.nodes[0].core->metrics().suspended == 0U);
}

BOOST_AUTO_TEST_CASE(what_is_of_no_use_is_refused_and_counted) {
  Cluster cluster{4};
  cluster.start();
  cluster.run(100ms);
  const auto refused = [&](Refusal reason) {
    return cluster.nodes[0].core->metrics().refused[static_cast<std::size_t>(reason)];
  };
  const auto make = [&](Round round, Epoch epoch) {
    VertexContent content;
    content.epoch = epoch;
    content.round = round;
    content.author = 1;
    for (const ValidatorIndex author : {1, 0, 2, 3}) content.parents.push_back({round - 1, author, {}});
    return make_vertex(std::move(content), {}, *cluster.nodes[1].signer);
  };
  cluster.step(0, Received{1, make(5, 9)});
  BOOST_TEST(refused(Refusal::wrong_epoch) == 1U);
  cluster.step(0, Received{1, make(1000, 0)});
  BOOST_TEST(refused(Refusal::far_future) == 1U);
  const auto duplicates = refused(Refusal::duplicate);
  const VertexPtr waiting = make(50, 0);
  cluster.step(0, Received{1, waiting});
  cluster.step(0, Received{2, waiting});
  BOOST_TEST(refused(Refusal::duplicate) == duplicates + 1);
  cluster.step(0, Received{1, FetchReply{{waiting}, 0}});
  BOOST_TEST(refused(Refusal::unrequested) == 1U);
  cluster.step(0, Rejected{1, Refusal::bad_signature});
  BOOST_TEST(refused(Refusal::bad_signature) == 1U);
  for (std::size_t i = 0; i < 5'000; ++i) {
    cluster.step(0, Received{1, make(51 + i % 10, 0)});
    VertexContent content;
    content.round = 60;
    content.author = 1;
    content.time = static_cast<WallTime>(i);
    for (const ValidatorIndex author : {1, 0, 2, 3}) {
      VertexRef ref{59, author, {}};
      std::memcpy(ref.digest.bytes.data(), &i, sizeof i);
      content.parents.push_back(ref);
    }
    cluster.step(0, Received{1, make_vertex(std::move(content), {}, *cluster.nodes[1].signer)});
  }
  BOOST_TEST(cluster.nodes[0].core->metrics().suspended <= limits::kSuspendedPerAuthorMax);
  BOOST_TEST(cluster.nodes[0].core->metrics().missing <= limits::kMissingPerAuthorMax);
  cluster.run(1s);
  BOOST_TEST(refused(Refusal::stale) == 0U);
  cluster.run(20s);
  cluster.step(0, Received{1, waiting});
  BOOST_TEST(refused(Refusal::stale) == 1U);
  BOOST_TEST(cluster.nodes[0].core->metrics().missing == 0U);
}

BOOST_AUTO_TEST_CASE(waiting_vertices_of_one_author_are_bounded) {
  Cluster cluster{4};
  cluster.start();
  for (std::uint64_t i = 0; i < 1000; ++i) {
    VertexContent content;
    content.round = 2 + i % 62;
    content.author = 1;
    content.time = static_cast<WallTime>(i);
    for (const ValidatorIndex author : {1, 0, 2, 3}) {
      VertexRef ref{content.round - 1, author, {}};
      std::memcpy(ref.digest.bytes.data(), &i, sizeof i);
      content.parents.push_back(ref);
    }
    cluster.step(0, Received{1, make_vertex(std::move(content), {}, *cluster.nodes[1].signer)});
  }
  const CoreMetrics metrics = cluster.nodes[0].core->metrics();
  BOOST_TEST(metrics.suspended <= limits::kSuspendedPerAuthorMax);
  BOOST_TEST(metrics.missing <= limits::kMissingPerAuthorMax);
  // Two versions a round, and no more.
  BOOST_TEST(metrics.refused[static_cast<std::size_t>(Refusal::third_version)] == 1000 - 2 * 62U);
}

BOOST_AUTO_TEST_CASE(a_vertex_of_ours_that_we_never_made_stops_us) {
  Cluster cluster{4};
  cluster.start();
  VertexContent content;
  content.round = 40;
  content.author = 0;
  for (const ValidatorIndex author : {0, 1, 2, 3}) content.parents.push_back({39, author, {}});
  cluster.step(0, Received{2, make_vertex(std::move(content), {}, *cluster.nodes[0].signer)});
  BOOST_TEST(cluster.nodes[0].core->halted());
  BOOST_TEST(cluster.nodes[0].halted.find("new key") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(batches_that_no_vertex_can_carry_come_back) {
  CoreOptions options;
  options.payload_bytes_max = 1024;
  Cluster cluster{4, options};
  cluster.start();
  cluster.step(0, Submitted{PayloadBatch(2048)});
  cluster.step(0, Submitted{PayloadBatch(7)});
  cluster.step(0, Submitted{PayloadBatch{}});
  BOOST_TEST(cluster.nodes[0].overloaded.size() == 3U);
  for (std::uint64_t number = 0; number < limits::kPendingBatchesMax + 100; ++number) cluster.submit(0, number);
  BOOST_TEST(cluster.nodes[0].overloaded.size() >= 3U + 1);
  BOOST_TEST(cluster.nodes[0].core->metrics().pending_batches <= limits::kPendingBatchesMax);
}

BOOST_AUTO_TEST_CASE(when_an_epoch_ends_batches_without_a_commit_come_back) {
  Cluster cluster{4};
  cluster.start();
  cluster.submit(0, 1);
  cluster.run(100ms);
  const CommitIndex last = cluster.nodes[0].core->last_commit().index;
  cluster.submit(0, 2);  // In a vertex, but in no commit yet.
  for (std::size_t i = 0; i < 4; ++i) cluster.step(i, EpochEnded{last});
  cluster.submit(0, 3);
  BOOST_REQUIRE(cluster.nodes[0].returned.size() == 2U);
  BOOST_TEST((cluster.nodes[0].returned[0] == test::batch(2)));
  BOOST_TEST((cluster.nodes[0].returned[1] == test::batch(3)));
  BOOST_TEST(!cluster.nodes[0].core->has_finished());
  cluster.run(1s);
  for (const auto& node : cluster.nodes) {
    BOOST_TEST(node.core->has_finished());
    BOOST_TEST(node.commits.back().index == last);
  }
}

BOOST_AUTO_TEST_SUITE_END()
