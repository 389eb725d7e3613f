// The model check of the commit rule. A seed makes a DAG in which f validators are Byzantine; several validators come
// to know it in different orders, and decide as they go. What one of them decides no other may decide differently, at
// any time. Five rules that are almost right are caught at it.
#include <algorithm>
#include <optional>
#include <string>

#include <boost/test/unit_test.hpp>

#include "random_dag.hpp"
#include "reference_rule.hpp"
#include "seeds.hpp"
#include "view.hpp"

using namespace consensus_model;

namespace {

constexpr std::size_t kViews = 4;

std::string name(const VertexPtr& vertex) { return vertex ? to_string(vertex->ref()) : "skipped"; }

/// What all views together have decided.
class Agreement {
 public:
  /// What `view` has decided against the others, as words; nothing where it agrees. Its first `slots` slots and
  /// `commits` commits were looked at before.
  std::optional<std::string> objection(const View& view, std::size_t slots, std::size_t commits) {
    for (; slots < view.decided().size(); ++slots) {
      const VertexPtr& decided = view.decided()[slots];
      if (slots == slots_.size()) slots_.push_back(decided);
      if (slots_[slots] != decided) {
        return "slot " + std::to_string(slots) + ": " + name(slots_[slots]) + " against " + name(decided);
      }
    }
    for (; commits < view.commits().size(); ++commits) {
      const Digest& digest = view.commits()[commits].digest;
      if (commits == commits_.size()) commits_.push_back(digest);
      if (commits_[commits] != digest) return "the contents of commit " + std::to_string(commits + 1);
    }
    return std::nullopt;
  }
  std::size_t slots() const { return slots_.size(); }
  std::size_t commits() const { return commits_.size(); }

 private:
  Slots slots_;
  std::vector<Digest> commits_;
};

/// What a number of seeds came to.
struct Tally {
  std::uint64_t seeds = 0;
  std::uint64_t slots = 0;
  std::uint64_t commits = 0;
};

/// Where views come to disagree under `rule` on the seed's DAG.
std::optional<std::string> disagreement(const Committee& committee, const CommitRule& rule, std::uint64_t seed,
                                        Round rounds, Tally& tally) {
  Random random{seed};
  const RandomDag dag = random_dag(committee, DagShape::random(random, rounds), random);
  Agreement agreement;
  for (std::size_t i = 0; i < kViews; ++i) {
    View view{committee, rule};
    for (const std::size_t vertex : random_order(dag, committee.size(), random)) {
      const std::size_t slots = view.decided().size();
      const std::size_t commits = view.commits().size();
      view.insert(dag.vertices[vertex]);
      if (auto objection = agreement.objection(view, slots, commits)) return objection;
    }
  }
  ++tally.seeds;
  tally.slots += agreement.slots();
  tally.commits += agreement.commits();
  return std::nullopt;
}

void check_agreement(std::size_t validators, std::uint64_t count, Round rounds) {
  const Committee committee = committee_of(validators);
  Tally tally;
  const SeedRange range = seeds(count);
  for (std::uint64_t seed = range.first; seed <= range.last; ++seed) {
    const auto found = disagreement(committee, CommitRule::of(committee), seed, rounds, tally);
    BOOST_REQUIRE_MESSAGE(!found, *found << "\nTo run it again: MYELIN_TEST_SEED=" << seed);
  }
  BOOST_TEST_MESSAGE(validators << " validators, " << rounds << " rounds: " << tally.seeds << " seeds, " << tally.slots
                                << " slots decided, " << tally.commits << " of them commits");
  // The DAGs are of use: much is decided, both ways.
  BOOST_TEST(tally.slots > tally.seeds * validators * (rounds - 8) / 2);
  BOOST_TEST(tally.commits > tally.slots / 20);
  BOOST_TEST(tally.commits < tally.slots);
}

/// The seed at which a wrong rule shows, at most `limit`.
std::uint64_t seed_that_catches(const CommitRule& wrong, std::uint64_t limit = 20'000) {
  const Committee committee = committee_of(4);
  Tally tally;
  for (std::uint64_t seed = 1; seed <= limit; ++seed) {
    if (disagreement(committee, wrong, seed, 12, tally)) {
      BOOST_TEST_MESSAGE("caught by seed " << seed);
      return seed;
    }
  }
  return 0;
}

CommitRule right_rule() { return CommitRule::of(committee_of(4)); }

/// Compares the rule with the reference on the seed's DAG, whenever one in `stride` vertices is in.
void check_against_reference(const Committee& committee, std::uint64_t seed, std::size_t stride) {
  Random random{seed};
  const RandomDag dag = random_dag(committee, DagShape::random(random, 10), random);
  View view{committee, CommitRule::of(committee)};
  std::vector<VertexPtr> known;
  for (const std::size_t vertex : random_order(dag, committee.size(), random)) {
    view.insert(dag.vertices[vertex]);
    known.push_back(dag.vertices[vertex]);
    if (known.size() % stride != 0 && known.size() != dag.vertices.size()) continue;
    const Slots expected = decide(committee, known);
    BOOST_REQUIRE_MESSAGE(view.decided() == expected, "after "
                                                          << known.size() << " vertices " << view.decided().size()
                                                          << " slots are decided, and " << expected.size()
                                                          << " should be\nTo run it again: MYELIN_TEST_SEED=" << seed);
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(commit_rule)

BOOST_AUTO_TEST_CASE(four_validators_never_disagree) { check_agreement(4, 1'500, 12); }

BOOST_AUTO_TEST_CASE(seven_validators_never_disagree) { check_agreement(7, 300, 12); }

BOOST_AUTO_TEST_CASE(ten_validators_never_disagree) { check_agreement(10, 60, 12); }

BOOST_AUTO_TEST_CASE(validators_that_collect_old_rounds_never_disagree) { check_agreement(4, 25, 200); }

BOOST_AUTO_TEST_CASE(does_what_is_written_down) {
  const Committee four = committee_of(4);
  const Committee seven = committee_of(7);
  const SeedRange range = seeds(100);
  for (std::uint64_t seed = range.first; seed <= range.last; ++seed) {
    check_against_reference(four, seed, 3);
    if (seed % 4 == 0) check_against_reference(seven, seed, 11);
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(wrong_commit_rules_are_caught)

BOOST_AUTO_TEST_CASE(a_certificate_of_f_plus_1_votes) {
  CommitRule rule = right_rule();
  rule.certificate_quorum = 2;
  BOOST_TEST(seed_that_catches(rule) != 0U);
}

BOOST_AUTO_TEST_CASE(a_commit_on_one_certificate) {
  CommitRule rule = right_rule();
  rule.commit_quorum = 1;
  BOOST_TEST(seed_that_catches(rule) != 0U);
}

BOOST_AUTO_TEST_CASE(a_skip_on_f_plus_1_missing_votes) {
  CommitRule rule = right_rule();
  rule.skip_quorum = 2;
  BOOST_TEST(seed_that_catches(rule) != 0U);
}

BOOST_AUTO_TEST_CASE(an_anchor_two_rounds_on) {
  CommitRule rule = right_rule();
  rule.anchor_gap = 2;
  BOOST_TEST(seed_that_catches(rule) != 0U);
}

BOOST_AUTO_TEST_CASE(a_commit_on_a_quorum_of_votes) {
  CommitRule rule = right_rule();
  rule.commit_on_votes = true;
  BOOST_TEST(seed_that_catches(rule) != 0U);
}

BOOST_AUTO_TEST_SUITE_END()
