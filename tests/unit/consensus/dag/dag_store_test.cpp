#include "myelin/consensus/dag/dag_store.hpp"

#include <boost/test/unit_test.hpp>

#include "dag_builder.hpp"

using namespace myelin::consensus;
using myelin::consensus::test::DagBuilder;

BOOST_AUTO_TEST_SUITE(dag_store)

BOOST_AUTO_TEST_CASE(finds_what_was_inserted_and_nothing_else) {
  DagBuilder build;
  build.round(1);
  const VertexPtr known = build.dag.round(1)->first[2].vertex;
  BOOST_TEST(build.dag.find(known->ref())->vertex == known);
  VertexRef other = known->ref();
  other.digest.bytes[0] ^= 1;
  BOOST_TEST(!build.dag.find(other));
  BOOST_TEST(!build.dag.find({7, 2, known->digest()}));
  BOOST_TEST(build.dag.size() == 4U);
}

BOOST_AUTO_TEST_CASE(votes_are_the_parents_of_the_round_before) {
  DagBuilder build;
  build.round(1);
  const DagNode& voter = build.vertex(0, 2, {3});
  BOOST_TEST(voter.votes == 0b0111U);
  BOOST_TEST(build.dag.round(1)->first[1].voters == mask_of(0));
  BOOST_TEST(build.dag.round(1)->first[3].voters == 0U);
}

BOOST_AUTO_TEST_CASE(a_quorum_of_voting_parents_makes_a_certificate) {
  DagBuilder build;
  build.round(1);
  build.vertex(0, 2);
  build.vertex(1, 2);
  build.vertex(2, 2, {3});  // Does not vote for 3.
  build.vertex(3, 2);
  const DagNode& with_three_voters = build.vertex(0, 3, {1});
  BOOST_TEST(with_three_voters.certifies == 0b0111U);
  const DagNode& with_all = build.vertex(1, 3);
  BOOST_TEST(with_all.certifies == 0b1111U);
  BOOST_TEST(build.dag.round(1)->first[3].certifiers == mask_of(1));
}

BOOST_AUTO_TEST_CASE(sixty_four_authors_are_counted_right) {
  DagBuilder build{64};
  build.rounds(1, 2);
  // 43 are a quorum of 64. The first voter left out each author once more than the last.
  DagNode& node = build.vertex(5, 3);
  BOOST_TEST(node.certifies == ~AuthorMask{0});
  std::vector<VertexRef> quorum = build.all_of(2);
  quorum.resize(43);
  BOOST_TEST(build.insert(build.make(6, 3, quorum)).certifies == ~AuthorMask{0});
  quorum.resize(42);
  BOOST_TEST(build.insert(build.make(7, 3, quorum)).certifies == 0U);
}

BOOST_AUTO_TEST_CASE(twins_have_votes_and_certificates_of_their_own) {
  DagBuilder build;
  build.round(1);
  const VertexPtr twin = build.make(3, 1, build.all_of(0), 99);
  DagNode& twin_node = build.insert(twin);
  BOOST_TEST(build.dag.versions(1, 3) == 2U);
  std::vector<VertexRef> with_twin = build.all_of(1, {3});
  with_twin.push_back(twin->ref());
  for (const ValidatorIndex author : {0, 1, 2}) build.insert(build.make(author, 2, with_twin));
  const DagNode& certificate = build.vertex(0, 3);
  BOOST_TEST(twin_node.voters == 0b0111U);
  BOOST_TEST(certificate.certifies == 0b0111U);
  BOOST_TEST(certificate.certifies_twins.size() == 1U);
  BOOST_TEST(twin_node.certifiers == mask_of(0));
  BOOST_TEST(build.dag.round(1)->first[3].certifiers == 0U);
}

BOOST_AUTO_TEST_CASE(an_author_with_two_vertices_may_be_of_two_minds) {
  DagBuilder build;
  build.round(1);
  build.vertex(0, 2);
  build.insert(build.make(0, 2, build.all_of(1, {1})));  // Its twin does not vote for 1.
  const DagNode& candidate = build.dag.round(1)->first[1];
  BOOST_TEST(candidate.voters == mask_of(0));
  BOOST_TEST(candidate.two_minded == mask_of(0));
  BOOST_TEST(build.dag.round(1)->first[2].two_minded == 0U);
}

BOOST_AUTO_TEST_CASE(forgets_no_more_than_it_is_told) {
  DagBuilder build;
  build.rounds(1, 10);
  std::size_t seen = 0;
  build.dag.collect(6, 4, [&](DagNode&) { ++seen; });
  BOOST_TEST(seen == 16U);
  BOOST_TEST(build.dag.collected() == 6U);
  BOOST_TEST(build.dag.forgotten() == 4U);
  BOOST_TEST(!build.dag.round(4));
  BOOST_TEST(build.dag.round(5));
  BOOST_TEST(build.dag.size() == 24U);
}

BOOST_AUTO_TEST_SUITE_END()
