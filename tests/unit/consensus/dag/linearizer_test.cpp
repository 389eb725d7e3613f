#include "myelin/consensus/dag/linearizer.hpp"

#include <boost/test/unit_test.hpp>
#include <set>

#include "dag_builder.hpp"
#include "myelin/consensus/limits.hpp"

using namespace myelin::consensus;
using myelin::consensus::test::DagBuilder;

namespace {

// Commits all that is decided.
std::vector<Commit> commits_of(DagBuilder& build) {
  std::vector<Commit> commits;
  for (const Decision& decision : build.decided()) {
    if (decision.vertex != nullptr) commits.push_back(build.linearizer.commit(*decision.vertex));
  }
  return commits;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(linearizer)

BOOST_AUTO_TEST_CASE(every_vertex_is_committed_once_and_after_its_parents) {
  DagBuilder build;
  for (Round round = 1; round <= 20; ++round) build.round(round, {static_cast<int>(round % 5)});
  std::set<VertexRef> before;
  CommitIndex index = 0;
  for (const Commit& commit : commits_of(build)) {
    BOOST_TEST(commit.index == ++index);
    BOOST_TEST((commit.vertices.back()->ref() == commit.leader));
    for (const VertexPtr& vertex : commit.vertices) {
      for (const VertexRef& parent : vertex->parents()) BOOST_TEST((parent.round == 0 || before.contains(parent)));
      BOOST_TEST(before.insert(vertex->ref()).second);
    }
  }
  BOOST_TEST(before.size() > 50U);
}

BOOST_AUTO_TEST_CASE(the_order_in_which_vertices_came_does_not_show) {
  DagBuilder first;
  first.rounds(1, 8);
  DagBuilder second;
  for (Round round = 1; round <= 8; ++round) {
    for (const ValidatorIndex author : {3, 1, 0, 2}) second.insert(first.dag.round(round)->first[author].vertex);
  }
  const auto one = commits_of(first);
  const auto other = commits_of(second);
  BOOST_REQUIRE(one.size() == other.size());
  for (std::size_t i = 0; i < one.size(); ++i) BOOST_TEST((one[i].id() == other[i].id()));
}

BOOST_AUTO_TEST_CASE(a_commits_time_is_the_median_of_the_round_before_and_never_goes_back) {
  DagBuilder build;
  const WallTime times[] = {10, 500, 20, 1'000'000'000};
  for (const ValidatorIndex author : {0, 1, 2, 3}) build.vertex(author, 1, {}, times[author]);
  for (const ValidatorIndex author : {0, 1, 2, 3}) build.vertex(author, 2, {}, 5);
  build.rounds(3, 6);
  const auto commits = commits_of(build);
  BOOST_TEST(commits[0].time == 0);    // Nothing stands before round 1.
  BOOST_TEST(commits[4].time == 500);  // Round 2's: the upper of the middle two.
  BOOST_TEST(commits[8].time == 500);  // Round 3's: those before say 5, which is earlier.
}

BOOST_AUTO_TEST_CASE(rounds_far_below_the_last_leader_are_collected) {
  DagBuilder build;
  build.rounds(1, 70);
  const auto commits = commits_of(build);
  BOOST_TEST(commits.back().leader.round == 68U);
  BOOST_TEST(build.linearizer.collected() == 68 - limits::kRoundsKept);
}

BOOST_AUTO_TEST_CASE(a_prediction_is_what_comes_and_leaves_no_trace) {
  DagBuilder build;
  for (Round round = 1; round <= 70; ++round) build.round(round, {static_cast<int>(round % 7)});
  (void)commits_of(build);
  build.round(71);  // Votes for round 70's leaders; certificates for none.
  std::vector<DagNode*> leaders;
  build.committer.expected(leaders);
  BOOST_TEST(leaders.size() > 3U);
  const auto predicted = build.linearizer.predict(leaders);
  const auto again = build.linearizer.predict(leaders);
  build.rounds(72, 73);
  const auto commits = commits_of(build);
  BOOST_REQUIRE(commits.size() > predicted.size());
  for (std::size_t i = 0; i < predicted.size(); ++i) {
    BOOST_TEST((predicted[i].id() == commits[i].id()));
    BOOST_TEST((again[i].id() == commits[i].id()));
    BOOST_TEST((predicted[i].vertices == commits[i].vertices));
  }
}

BOOST_AUTO_TEST_CASE(a_tail_reaches_back_to_what_is_collected_and_its_digests_chain) {
  DagBuilder build;
  build.rounds(1, 250);
  const auto commits = commits_of(build);
  const CommitIndex index = commits.size() - 100;
  const CommitTail tail = build.linearizer.tail(index);
  BOOST_TEST(tail.last_index() == index);
  BOOST_TEST((tail.last() == commits[index - 1].id()));
  BOOST_TEST(tail.check(build.committee).has_value());
  BOOST_TEST(tail.commits.front().leader.round == commits[index - 1].leader.round - limits::kRoundsKept);
  BOOST_TEST((build.linearizer.digest_at(index) == commits[index - 1].digest));
  // Too long ago to go on from.
  BOOST_TEST(build.linearizer.tail(4).last_index() != 4U);
}

BOOST_AUTO_TEST_CASE(whoever_restarts_from_a_tail_commits_as_the_others_do) {
  DagBuilder one;
  one.rounds(1, 150);
  const auto before = commits_of(one);
  const CommitTail tail = one.linearizer.tail(before.size() - 2);  // In the middle of a round.

  DagBuilder other;
  other.linearizer.restart(tail);
  other.committer.restart_after(tail.commits.back().leader.round, tail.commits.back().leader.author);
  const Round collected = other.linearizer.collected();
  other.dag.collect(collected, collected, [](DagNode&) {});
  one.rounds(151, 160);
  for (Round round = collected + 1; round <= 160; ++round) {
    DagStore::for_each(*one.dag.round(round), [&](DagNode& node) {
      if (!other.linearizer.is_settled(node.vertex->ref())) other.insert(node.vertex);
    });
  }
  auto expected = std::vector<Commit>(before.end() - 2, before.end());
  for (Commit& commit : commits_of(one)) expected.push_back(std::move(commit));
  const auto commits = commits_of(other);
  BOOST_REQUIRE(commits.size() == expected.size());
  for (std::size_t i = 0; i < commits.size(); ++i) {
    BOOST_TEST((commits[i].id() == expected[i].id()));
    BOOST_TEST(commits[i].vertices.size() == expected[i].vertices.size());
    BOOST_TEST(commits[i].time == expected[i].time);
  }
}

BOOST_AUTO_TEST_SUITE_END()
