// The checkers find what they are there to find.
#include <array>
#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "checkers/decision_oracle.hpp"
#include "checkers/execution_checker.hpp"
#include "checkers/own_vertices.hpp"
#include "checkers/violation.hpp"

using myelin::sim::DagMirror;
using myelin::sim::decide_all;
using myelin::sim::ExecutionChecker;
using myelin::sim::OwnVertices;
using myelin::sim::Request;
using myelin::sim::Violation;
using namespace myelin::consensus;

namespace {

VertexRef ref(Round round, ValidatorIndex author, std::uint8_t version = 0) {
  VertexRef ref{round, author, {}};
  ref.digest.bytes = {static_cast<std::uint8_t>(round), author, version, 1};
  return ref;
}

/// A round in which each of four builds on all of the round before, less `without`.
void add_round(DagMirror& dag, Round round, const std::vector<VertexRef>& without = {}) {
  for (ValidatorIndex author = 0; author < 4; ++author) {
    std::vector<VertexRef> parents;
    for (ValidatorIndex parent = 0; parent < 4; ++parent) {
      if (std::ranges::find(without, ref(round - 1, parent)) == without.end())
        parents.push_back(ref(round - 1, parent));
    }
    dag.add(ref(round, author), parents);
  }
}

/// The promise that breaks; empty for none.
template <class Action>
std::string broken(Action action) {
  try {
    action();
  } catch (const Violation& violation) {
    return violation.invariant;
  }
  return {};
}

CommitOutcome outcome(CommitIndex index, Verdict verdict, Status status) {
  BatchOutcome batch;
  batch.client = 1;
  batch.sequence = 1;
  batch.verdict = verdict;
  batch.replies.emplace_back().status = status;
  CommitOutcome outcome;
  outcome.index = index;
  outcome.batches.push_back(std::move(batch));
  return outcome;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(checkers)

BOOST_AUTO_TEST_CASE(the_oracle_commits_every_leader_of_a_full_dag) {
  DagMirror dag{4};
  for (Round round = 1; round <= 5; ++round) add_round(dag, round);
  const std::vector<VertexRef> leaders = decide_all(dag);
  BOOST_TEST(leaders.size() == 12U);      // Three rounds of four; the last two have no certificates yet.
  BOOST_TEST((leaders[0] == ref(1, 1)));  // Leader of slot (1, 0).
  BOOST_TEST((leaders[3] == ref(1, 0)));
}

BOOST_AUTO_TEST_CASE(the_oracle_skips_a_leader_that_nobody_votes_for) {
  DagMirror dag{4};
  for (Round round = 1; round <= 5; ++round) {
    add_round(dag, round, round == 2 ? std::vector{ref(1, 1)} : std::vector<VertexRef>{});
  }
  const std::vector<VertexRef> leaders = decide_all(dag);
  BOOST_TEST(leaders.size() == 11U);
  BOOST_TEST((leaders[0] == ref(1, 2)));
}

BOOST_AUTO_TEST_CASE(the_oracle_sees_that_two_versions_cannot_both_have_a_quorum) {
  // More than f lie here: every voter has two vertices, one for each version.
  DagMirror dag{4};
  for (std::uint8_t version = 0; version < 2; ++version) dag.add(ref(1, 1, version), std::vector{ref(0, 1)});
  for (const ValidatorIndex other : {0, 2, 3}) dag.add(ref(1, other), std::vector{ref(0, other)});
  for (std::uint8_t version = 0; version < 2; ++version) {
    for (ValidatorIndex author = 0; author < 4; ++author) {
      dag.add(ref(2, author, version), std::vector{ref(1, 0), ref(1, 1, version), ref(1, 2)});
    }
    for (ValidatorIndex author = 0; author < 4; ++author) {
      dag.add(ref(3, author, version), std::vector{ref(2, 0, version), ref(2, 1, version), ref(2, 2, version)});
    }
  }
  BOOST_TEST(broken([&] { (void)decide_all(dag); }) == "no decision is contradicted");
}

BOOST_AUTO_TEST_CASE(a_second_vertex_of_a_round_is_found_across_crashes) {
  OwnVertices own;
  own.sent(2, 0, ref(5, 2), true);
  own.sent(2, 0, ref(5, 2), true);
  own.sent(2, 1, ref(5, 2, 9), true);  // Of another epoch.
  BOOST_TEST(broken([&] { own.sent(2, 0, ref(5, 2, 9), true); }) == "an honest validator has one vertex a round");
  BOOST_TEST(broken([&] { own.sent(2, 0, ref(6, 2), false); }) == "nothing is sent before it is durable");
}

BOOST_AUTO_TEST_CASE(what_is_executed_twice_is_found) {
  ExecutionChecker checker;
  checker.asked({1, 1}, {.kind = Request::Kind::put, .key = "r0", .value = "x"});
  checker.executed(0, outcome(1, Verdict::executed, Status::ok), 1);
  checker.executed(1, outcome(1, Verdict::executed, Status::ok), 1);
  checker.executed(0, outcome(2, Verdict::duplicate, Status::ok), 2);
  BOOST_TEST(broken([&] { checker.executed(0, outcome(3, Verdict::executed, Status::ok), 3); }) ==
             "nothing is executed twice");
  BOOST_TEST(broken([&] { checker.executed(1, outcome(2, Verdict::executed, Status::ok), 2); }) ==
             "validators reach the same state");
  BOOST_TEST(broken([&] { checker.executed(1, outcome(9, Verdict::executed, Status::ok), 2); }) ==
             "commits are executed without a gap");
}

BOOST_AUTO_TEST_CASE(a_wrong_answer_is_found) {
  ExecutionChecker checker;
  checker.asked({1, 1}, {.kind = Request::Kind::get, .key = "r0"});
  BOOST_TEST(broken([&] { checker.executed(0, outcome(1, Verdict::executed, Status::ok), 1); }) ==
             "answers are what the state says");
}

BOOST_AUTO_TEST_CASE(a_value_that_outlives_its_end_is_found) {
  const Request put{.kind = Request::Kind::put, .key = "e0", .value = "x", .number = 100};
  const Request get{.kind = Request::Kind::get, .key = "e0"};
  Reply found;
  found.value.kind = ValueKind::bytes;
  found.value.bytes = "x";
  found.value.expires = 110;
  myelin::sim::StateModel model;
  model.execute(1, put, 10, {});
  BOOST_TEST(broken([&] { model.execute(1, get, 109, found); }).empty());
  BOOST_TEST(model.keys().size() == 1U);
  model.end_commit(110);
  BOOST_TEST(model.keys().empty());
  BOOST_TEST(broken([&] { model.execute(1, get, 110, found); }) == "answers are what the state says");
}

BOOST_AUTO_TEST_CASE(a_task_with_two_claimants_is_found) {
  ExecutionChecker checker;
  myelin::sim::StateModel model;
  const Request claim{.kind = Request::Kind::claim, .key = "t0", .number = 100};
  Reply lease;
  lease.value.kind = ValueKind::lease;
  lease.value.holder = 1;
  lease.value.token = 5;
  lease.value.expires = 110;
  model.execute(1, claim, 10, lease);
  lease.value.holder = 2;
  lease.value.token = 6;
  lease.value.expires = 120;
  BOOST_TEST(broken([&] { model.execute(2, claim, 20, lease); }) == "a task has one claimant");
  lease.value.expires = 210;
  BOOST_TEST(broken([&] { model.execute(2, claim, 110, lease); }).empty());  // The first is over.
}

BOOST_AUTO_TEST_SUITE_END()
