// The commit rule, case by case. Four validators: a quorum is three, and the leader of slot (r, k) is (r + k) mod 4.
#include "myelin/consensus/dag/committer.hpp"

#include <boost/test/unit_test.hpp>

#include "dag_builder.hpp"

using namespace myelin::consensus;
using myelin::consensus::test::DagBuilder;

BOOST_AUTO_TEST_SUITE(committer)

BOOST_AUTO_TEST_CASE(nothing_is_decided_before_a_quorum_of_certificates) {
  DagBuilder build;
  build.rounds(1, 2);
  build.vertex(0, 3);
  build.vertex(1, 3);
  BOOST_TEST(build.decided().empty());
}

BOOST_AUTO_TEST_CASE(a_quorum_of_certificates_commits_every_leader_of_the_round_in_order_of_place) {
  DagBuilder build;
  build.rounds(1, 2);
  for (const ValidatorIndex author : {0, 1, 2}) build.vertex(author, 3);
  const auto decided = build.decided();
  BOOST_REQUIRE(decided.size() == 4U);
  for (std::size_t place = 0; place < 4; ++place) {
    BOOST_TEST(decided[place].round == 1U);
    BOOST_TEST(decided[place].leader == (1 + place) % 4);
    BOOST_TEST(decided[place].vertex == &build.dag.round(1)->first[decided[place].leader]);
    BOOST_TEST(decided[place].direct);
  }
}

BOOST_AUTO_TEST_CASE(full_rounds_commit_two_rounds_behind) {
  DagBuilder build;
  build.rounds(1, 50);
  BOOST_TEST(build.decided().size() == 4U * 48);
  BOOST_TEST(build.committer.next_round() == 49U);
}

BOOST_AUTO_TEST_CASE(a_leader_that_is_not_there_is_skipped_once_a_quorum_went_on_without_it) {
  DagBuilder build;
  build.round(1, {1});  // Validator 1 leads slot (1, 0).
  build.vertex(0, 2);
  build.vertex(2, 2);
  BOOST_TEST(build.decided().empty());
  build.vertex(3, 2);
  const auto decided = build.decided();
  BOOST_REQUIRE(decided.size() == 1U);
  BOOST_TEST(decided[0].leader == 1);
  BOOST_TEST(!decided[0].vertex);
  BOOST_TEST(decided[0].direct);
}

BOOST_AUTO_TEST_CASE(a_leader_that_a_quorum_did_not_vote_for_is_skipped_though_some_did) {
  DagBuilder build;
  build.round(1);
  build.vertex(1, 2);
  for (const ValidatorIndex author : {0, 2, 3}) build.vertex(author, 2, {1});
  const auto decided = build.decided();
  BOOST_REQUIRE(decided.size() == 1U);
  BOOST_TEST(!decided[0].vertex);
}

BOOST_AUTO_TEST_CASE(two_votes_against_two_decide_nothing) {
  DagBuilder build;
  build.round(1);
  for (const ValidatorIndex author : {0, 1}) build.vertex(author, 2);
  for (const ValidatorIndex author : {2, 3}) build.vertex(author, 2, {1});
  BOOST_TEST(build.decided().empty());
}

// Three vote for leader 1 and one does not, but only validator 0 sees all three votes: one certificate, which the first
// slot of round 4 has in its history.
BOOST_AUTO_TEST_CASE(an_anchor_with_a_certificate_in_its_history_commits) {
  DagBuilder build;
  build.round(1);
  for (const ValidatorIndex author : {0, 1, 2}) build.vertex(author, 2);
  build.vertex(3, 2, {1});
  build.vertex(0, 3, {3});  // Sees 0, 1, 2: a certificate.
  for (const ValidatorIndex author : {1, 2, 3}) build.vertex(author, 3, {author == 1 ? 2 : 1});  // Two votes and 3.
  BOOST_TEST(build.decided().empty());
  build.rounds(4, 6);
  const auto decided = build.decided();
  BOOST_REQUIRE(decided.size() >= 4U);
  BOOST_TEST(decided[0].leader == 1);
  BOOST_TEST(decided[0].vertex == &build.dag.round(1)->first[1]);
  BOOST_TEST(!decided[0].direct);
}

// The same votes, but nobody sees all three: no certificate anywhere.
BOOST_AUTO_TEST_CASE(an_anchor_without_a_certificate_in_its_history_skips) {
  DagBuilder build;
  build.round(1);
  for (const ValidatorIndex author : {0, 1}) build.vertex(author, 2);
  for (const ValidatorIndex author : {2, 3}) build.vertex(author, 2, {1});
  build.rounds(3, 6);
  const auto decided = build.decided();
  BOOST_REQUIRE(!decided.empty());
  BOOST_TEST(decided[0].leader == 1);
  BOOST_TEST(!decided[0].vertex);
  BOOST_TEST(!decided[0].direct);
}

BOOST_AUTO_TEST_CASE(a_slot_that_is_open_holds_back_those_behind_it) {
  DagBuilder build;
  build.round(1);
  for (const ValidatorIndex author : {0, 1}) build.vertex(author, 2);
  for (const ValidatorIndex author : {2, 3}) build.vertex(author, 2, {1});
  build.rounds(3, 4);  // Round 1's other leaders have certificates by now.
  BOOST_TEST(build.decided().empty());
  BOOST_TEST(build.committer.next_round() == 1U);
}

BOOST_AUTO_TEST_CASE(of_two_twins_the_certified_one_is_committed) {
  DagBuilder build;
  build.round(1);
  const VertexPtr twin = build.make(1, 1, build.all_of(0), 99);
  DagNode& twin_node = build.insert(twin);
  std::vector<VertexRef> parents{build.all_of(1)[0], twin->ref(), build.all_of(1)[2], build.all_of(1)[3]};
  for (const ValidatorIndex author : {0, 2, 3}) build.insert(build.make(author, 2, parents));
  build.vertex(1, 2);  // The equivocator itself votes for its first vertex.
  build.round(3);
  const auto decided = build.decided();
  BOOST_REQUIRE(decided.size() == 4U);
  BOOST_TEST(decided[0].vertex == &twin_node);
}

BOOST_AUTO_TEST_CASE(twins_that_split_the_votes_are_both_skipped) {
  DagBuilder build;
  build.round(1);
  const VertexPtr twin = build.make(1, 1, build.all_of(0), 99);
  build.insert(twin);
  std::vector<VertexRef> parents{build.all_of(1)[0], twin->ref(), build.all_of(1)[2], build.all_of(1)[3]};
  for (const ValidatorIndex author : {0, 2}) build.insert(build.make(author, 2, parents));
  for (const ValidatorIndex author : {1, 3}) build.vertex(author, 2);
  BOOST_TEST(build.decided().empty());  // Two have no vote for one, two none for the other.
  build.rounds(3, 6);
  const auto decided = build.decided();
  BOOST_REQUIRE(!decided.empty());
  BOOST_TEST(!decided[0].vertex);
}

BOOST_AUTO_TEST_CASE(going_on_after_a_slot_leaves_out_all_up_to_it) {
  DagBuilder build;
  build.committer.restart_after(3, 3);  // Slot (3, 0).
  build.dag.collect(2, 2, [](DagNode&) {});
  std::vector<VertexRef> below;
  for (const ValidatorIndex author : {0, 1, 2, 3}) below.push_back({2, author, {}});
  for (const ValidatorIndex author : {0, 1, 2, 3}) build.insert(build.make(author, 3, below));
  build.rounds(4, 5);
  const auto decided = build.decided();
  BOOST_REQUIRE(decided.size() == 3U);
  BOOST_TEST(decided[0].round == 3U);
  BOOST_TEST(decided[0].leader == 0);
}

BOOST_AUTO_TEST_SUITE_END()
