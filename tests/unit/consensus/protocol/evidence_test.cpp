// Evidence convicts who signed twice, and nobody else.
#include <functional>
#include <string>

#include <boost/test/unit_test.hpp>

#include "group.hpp"
#include "myelin/consensus/evidence.hpp"

using namespace consensus_test;

namespace {

Evidence sound(const Group& group) {
  VertexContent other = group.content(5, 2);
  ++other.time;
  return make_evidence(*group.vertex(5, 2), *group.make(other));
}

/// What is said against evidence once `change` was at it; empty where it holds.
std::string objection_to(const std::function<void(Evidence&, const Group&)>& change) {
  const Group group;
  Evidence evidence = sound(group);
  change(evidence, group);
  const auto checked = check_evidence(evidence, group.committee(), StubChecker{});
  if (checked) return {};
  BOOST_TEST((checked.error().code == myelin::Errc::invalid_argument));
  return checked.error().message;
}

bool says(const std::string& message, std::string_view part) { return message.find(part) != std::string::npos; }

SignedHeader signed_header(const Vertex& vertex) { return {vertex.header(), vertex.signature()}; }

}  // namespace

BOOST_AUTO_TEST_SUITE(evidence)

BOOST_AUTO_TEST_CASE(two_headers_of_one_round_convict) {
  const Group group;
  const Evidence evidence = sound(group);
  BOOST_TEST(evidence.round == 5U);
  BOOST_TEST(evidence.author == 2U);
  BOOST_TEST(check_evidence(evidence, group.committee(), StubChecker{}).has_value());
}

BOOST_AUTO_TEST_CASE(one_header_twice_does_not) {
  BOOST_TEST(says(objection_to([](Evidence& e, const Group&) { e.second = e.first; }), "the same"));
}

BOOST_AUTO_TEST_CASE(headers_of_two_rounds_do_not) {
  const auto second_round = [](Evidence& e, const Group& group) { e.second = signed_header(*group.vertex(6, 2)); };
  BOOST_TEST(says(objection_to(second_round), "for round 6"));
  BOOST_TEST(says(objection_to([](Evidence& e, const Group&) { e.round = 6; }), "for round 5"));
}

BOOST_AUTO_TEST_CASE(headers_of_two_authors_do_not) {
  const auto second_author = [](Evidence& e, const Group& group) { e.second = signed_header(*group.vertex(5, 1)); };
  BOOST_TEST(says(objection_to(second_author), "validator 1"));
  BOOST_TEST(says(objection_to([](Evidence& e, const Group&) { e.author = 1; }), "validator 2"));
  BOOST_TEST(says(objection_to([](Evidence& e, const Group&) { e.author = 4; }), "none of the 4"));
}

BOOST_AUTO_TEST_CASE(headers_of_another_epoch_do_not) {
  BOOST_TEST(says(objection_to([](Evidence& e, const Group&) { e.epoch = 6; }), "epoch 6"));
  const auto older = [](Evidence& e, const Group&) { e.first = signed_header(*Group{4, 6}.vertex(5, 2)); };
  BOOST_TEST(says(objection_to(older), "epoch 6"));
}

BOOST_AUTO_TEST_CASE(headers_that_it_did_not_sign_do_not) {
  const auto forged = [](Evidence& e, const Group& group) {
    VertexContent content = group.content(5, 2);
    content.time = 99;
    e.second = signed_header(*make_vertex(content, {}, group.signer(1)));
  };
  BOOST_TEST(says(objection_to(forged), "second header is not signed"));
  BOOST_TEST(
      says(objection_to([](Evidence& e, const Group&) { e.first.signature = {}; }), "first header is not signed"));
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_header_do_not) {
  BOOST_TEST(says(objection_to([](Evidence& e, const Group&) { e.first.header.resize(3); }), "malformed"));
  BOOST_TEST(says(objection_to([](Evidence& e, const Group&) { e.second.header.resize(3000); }), "too_large"));
}

BOOST_AUTO_TEST_SUITE_END()
